/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REPLY_STATE_H
#define HTTP_REPLY_STATE_H

#include "http/reply.h"

#include <microhttpd.h>

struct request;

enum reply_kind {
    REPLY_NONE,
    REPLY_EMPTY,
    REPLY_BYTES,
    REPLY_PROBLEM,
    REPLY_FILE,
    REPLY_SOURCE,
    REPLY_WAIT,
};

#define REPLY_HEADERS_MAX 24
#define REPLY_TEXT_SIZE 512

/* What a handler said, until it becomes a response. On the stack of whoever calls the handler. */
struct reply {
    struct request *request;
    enum reply_kind kind;
    int status;
    const char *content_type;
    const struct problem *problem;
    json_t *json; /* of a problem */
    char *bytes;  /* malloc'd */
    size_t size;
    int fd;
    uint64_t offset;
    uint64_t length;
    struct source *source;
    size_t block_bytes;
    size_t headers;
    struct {
        const char *name;
        const char *value;
    } header[REPLY_HEADERS_MAX];
    size_t text_used;
    char text[REPLY_TEXT_SIZE]; /* short strings; longer ones go to the request's arena */
};

void reply_init(struct reply *reply, struct request *request);

/* Drops what was said: files are closed, sources released. */
void reply_release(struct reply *reply);

/* After the handler: a negative result, or no answer at all, becomes a problem. */
void reply_settle(struct reply *reply, int result);

/*
 * Makes the response and takes everything into it. closing adds "Connection: close".
 * NULL where memory is short.
 */
struct MHD_Response *reply_finish(struct reply *reply, bool closing);

#endif
