/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/error.h"
#include "http/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a handler answers. A handler fills exactly one body (or none) and returns 0; a negative
 * return becomes a problem document by itself (ERR_UNAVAILABLE 503 with Retry-After, ERR_NO_SPACE
 * 507, all others 500 with the request id). Strings given here are copied.
 */
struct reply;

/* Forgets what was answered so far, headers too: the handler runs again. */
void reply_clear(struct reply *reply);

/* Takes the reference to root, also on failure. */
void reply_json(struct reply *reply, int status, json_t *root);
/* As reply_json with another media type. */
void reply_json_as(struct reply *reply, int status, const char *content_type, json_t *root);
void reply_bytes(struct reply *reply, int status, const char *content_type, const void *bytes,
                 size_t size);
void reply_empty(struct reply *reply, int status);
void reply_header(struct reply *reply, const char *name, const char *value);
void reply_headerf(struct reply *reply, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* length bytes of a file from offset, by sendfile; takes fd. HEAD sends the headers only. */
void reply_file(struct reply *reply, int status, const char *content_type, int fd, uint64_t offset,
                uint64_t length);

/*
 * A body that is made as it goes, on an I/O thread; never blocks.
 *
 * read     copies at most capacity bytes and returns how many; or SOURCE_WAIT (the connection
 *          sleeps until the waker is woken), SOURCE_END, SOURCE_FAIL (the connection is cut)
 * release  called once, on an I/O thread, when the connection is done with it
 */
#define SOURCE_END (-1)
#define SOURCE_FAIL (-2)
#define SOURCE_WAIT (-3)

struct source {
    ptrdiff_t (*read)(struct source *source, char *bytes, size_t capacity);
    void (*release)(struct source *source);
};

#define REPLY_LENGTH_UNKNOWN UINT64_MAX

/* Takes the source, which its owner allocated and its release() frees. block_bytes is how much is
 * asked for at a time: it costs that much memory a connection. */
void reply_source(struct reply *reply, int status, const char *content_type, uint64_t length,
                  size_t block_bytes, struct source *source);

/* Long-poll, of a ROUTE_INLINE handler: no reply yet; it is called again once the request's waker
 * was woken. */
void reply_wait(struct reply *reply);

/*
 * RFC 9457. Problem types are constants, one table a layer: the URI is stable and ends in the slug.
 * detail says what is wrong and what to do, in lower case.
 */
struct problem {
    const char *slug; /* "version-exists" */
    int status;
    const char *title;
};

#define PROBLEM_TYPE_BASE "https://modelferry.dev/problems/"

void reply_problem(struct reply *reply, const struct problem *problem, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Adds a member to a problem document already set (such as "expected_keyids"); takes value. */
void reply_problem_member(struct reply *reply, const char *name, json_t *value);

/* What was answered so far, for a layer that stores replies (idempotency keys). */
struct reply_copy {
    int status;
    const char *content_type; /* NULL: no body */
    const void *body;
    size_t size;
    const char *location; /* the Location header, or NULL */
};

/* Copies into the arena. Returns false where the body is a file or a source. */
bool reply_copy(const struct reply *reply, struct arena *arena, struct reply_copy *ret_copy);

#endif
