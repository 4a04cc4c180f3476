/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/error.h"
#include "http/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One HTTP request as handlers see it. Strings are borrowed until the reply was sent. Everything
 * here may be called on the thread that currently runs the handler, and on no other.
 */
struct request;

/* Who asks. Filled by the listener's authenticate callback; workspace and id 0: nobody. */
struct principal {
    int64_t workspace_id;
    int64_t id;       /* of the API token, or of the device */
    unsigned roles;   /* enum role, or-ed */
    const char *name; /* for logs and "created by"; borrowed from the request's arena */
    void *subject;    /* what authenticate wants to hand on (device gateway: its roster entry) */
};

const char *request_method(const struct request *request);
const char *request_path(const struct request *request); /* as received, without the query */
const char *request_id(const struct request *request);   /* 26 characters, unique */
/* The numeric address of the client, which a trusted proxy (http/proxies.h) may have told. */
const char *request_peer(const struct request *request);

/* A capture of the route's pattern, percent-decoded, valid UTF-8 without control characters. */
const char *request_param(const struct request *request, const char *name);
/* A query argument, decoded likewise, or NULL. */
const char *request_query(const struct request *request, const char *name);
/* A header, or NULL. Names are compared without regard to case. */
const char *request_header(const struct request *request, const char *name);

struct arena *request_arena(struct request *request);
const struct principal *request_principal(const struct request *request);

/* The collected body (ROUTE_WORKER); NUL behind it. Empty body: "" and 0. */
const char *request_body(const struct request *request, size_t *ret_size);

enum {
    REQUEST_E_END = 1,  /* the body is complete */
    REQUEST_E_GONE = 2, /* the client went away, or stalled longer than http.body_timeout */
};

/*
 * ROUTE_STREAM: the next bytes of the body, at least one and at most capacity; blocks the worker
 * until there are some. The ring behind it is bounded (256 KiB) and pushes back on the socket.
 */
int request_read(struct request *request, void *bytes, size_t capacity,
                 size_t *ret_size) MUST_CHECK;

/* Content-Length, or UINT64_MAX where the body is chunked. */
uint64_t request_content_length(const struct request *request);

/*
 * A waiting handler's handle. waker_wake may be called from any thread, any number of times, as
 * long as one holds a reference; it resumes the connection once, or does nothing where the
 * connection is not waiting or is gone. Wakes between two waits are not lost.
 */
struct waker;

struct waker *request_waker(struct request *request); /* a new reference */
void waker_wake(struct waker *waker);
struct waker *waker_ref(struct waker *waker);
void waker_unref(struct waker *waker); /* accepts NULL */

/* A place for a handler that is called again after a wait (long-poll); free is called once, when
 * the request ends, on an I/O thread. */
void request_set_state(struct request *request, void *state, void (*free)(void *state));
void *request_state(const struct request *request);

#endif
