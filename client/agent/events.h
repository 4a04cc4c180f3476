/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_EVENTS_H
#define AGENT_EVENTS_H

#include "agent/loop.h"
#include "base/buffer.h"
#include "lib/http.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The server's event stream (WHATWG HTML, 9.2; docs/PROTOCOL.md, Events). It only ever says that
 * something changed: losing it costs time, never correctness.
 */

#define EVENTS_LINE_MAX 4096

/* Server-Sent Events, a byte at a time if need be. Zeroed is ready. */
struct events_parser {
    char line[EVENTS_LINE_MAX];
    size_t line_size;
    bool line_too_long; /* it is skipped */
    bool after_cr;
    char event[64];
    char id[64]; /* the last one seen, as it is sent back */
    char data[EVENTS_LINE_MAX];
    size_t data_size;
    bool has_data;
    int64_t retry_ms; /* what the server asked for; 0: nothing */
};

/* Calls back for each event that has data; event is "message" where the stream named none. */
void events_parse(struct events_parser *parser, const char *bytes, size_t size,
                  void (*on_event)(void *state, const char *event, const char *data), void *state);

struct events_callbacks {
    void (*changed)(void *state); /* a state event */
    void (*opened)(void *state);  /* the server accepted the stream */
    void (*ended)(void *state, bool was_open, int status, bool goodbye);
    void *state;
};

struct events {
    struct loop *loop;
    struct events_callbacks callbacks;
    struct http_transfer *transfer;
    struct events_parser parser;
    bool open;
    bool goodbye;
};

/*
 * Opens the stream.
 *
 * last_event_id  the version of the state that we hold; "": none
 * silence_s      over when not a byte came for so long
 *
 * Returns 0 or negative. `ended` is called when it is over, unless events_stop() comes first.
 */
int events_start(struct events *events, struct loop *loop, const char *url, const char *token,
                 const char *last_event_id, int64_t silence_s,
                 const struct events_callbacks *callbacks) MUST_CHECK;

/* Not from its own callbacks. Idle is fine. */
void events_stop(struct events *events);

#endif
