/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STATE_QUERY_H
#define AGENT_STATE_QUERY_H

#include "agent/parts.h"
#include "base/arena.h"
#include "base/error.h"
#include "lib/http.h"
#include "proto/state.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Asks for the desired state, and keeps the last one that came (metadata/state.json), so that what
 * has not changed is not sent again. An answer that is none is noted in parts->detections.
 */

enum state_query_outcome {
    STATE_QUERY_CHANGED,
    STATE_QUERY_SAME,
    STATE_QUERY_FAILED,
};

struct state_query_answer {
    enum state_query_outcome outcome;
    int status;             /* 0: nobody answered */
    int64_t waited_ms;      /* how long the answer took */
    int64_t retry_after_ms; /* -1: not said */
};

struct state_query {
    const struct parts *parts;
    void (*answered)(void *owner, const struct state_query_answer *answer);
    void *owner;

    struct arena arena; /* of the state */
    struct state state; /* as the server sent it */
    bool has_state;

    struct http_transfer *transfer;
    bool again;   /* asked for while asking */
    bool swapped; /* the other token is tried */
    int64_t asked_us;
};

void state_query_init(struct state_query *query, const struct parts *parts,
                      void (*answered)(void *owner, const struct state_query_answer *answer),
                      void *owner);

/* Takes up the state that was kept; one that is damaged is as good as none. 0 or negative. */
int state_query_load(struct state_query *query) MUST_CHECK;

/*
 * Asks; wait_s > 0: as a long poll. While it is asking already it asks once more afterwards.
 * Returns 0 or negative; answered is called from the loop.
 */
int state_query_ask(struct state_query *query, int64_t wait_s) MUST_CHECK;

bool state_query_is_asking(const struct state_query *query);

/* Accepts a zeroed struct. */
void state_query_release(struct state_query *query);

#endif
