/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REQUEST_STATE_H
#define HTTP_REQUEST_STATE_H

#include "http/decode.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/ring.h"
#include "http/router.h"
#include "http/ulid.h"
#include "http/waker.h"
#include "work/pool.h"

#include <microhttpd.h>

struct listener;
struct connection;

/* Where the exchange stands; exchange.c moves it. */
enum exchange_phase {
    EXCHANGE_NEW,     /* headers are not complete */
    EXCHANGE_COLLECT, /* the body is collected for a worker */
    EXCHANGE_OFFERED, /* a worker runs and has not asked for the body yet */
    EXCHANGE_STREAM,  /* the body goes to the ring */
    EXCHANGE_DRAIN,   /* the reply is ready; the rest of the body is thrown away */
    EXCHANGE_INLINE,  /* no body: an inline handler answers, or is called again after a wait */
    EXCHANGE_WORK,    /* the body is there: a worker answers */
    EXCHANGE_SENT,    /* the reply is libmicrohttpd's */
};

/* What only requests with a body, or with a worker, need. */
struct request_work {
    struct pool_job job; /* first */
    struct request *request;
    atomic_bool finished; /* the worker left it; without a response: give up */
    struct ring *ring;    /* ROUTE_STREAM */
    char *body;           /* ROUTE_WORKER: collected */
    size_t body_size;
    size_t body_capacity;
    struct decode_pair *headers; /* ROUTE_STREAM: a copy, since the connection may go meanwhile */
};

/*
 * One request. Small, because tens of thousands of event streams keep theirs. Referenced by the
 * exchange, by a worker that runs it, by the source that it answers, and by whoever has its waker.
 */
struct request {
    struct waker waker; /* first: the request is freed with its last reference */
    struct listener *listener;
    struct connection *connection; /* I/O thread only */
    const struct route *route;
    const char *method;
    const char *token; /* until it was looked up */
    const char *peer;  /* in the arena, once somebody asked */
    struct request_work *work;
    struct decode_pair *params;
    struct decode_pair *queries;
    struct source *source;
    struct MHD_Response *streamed;           /* the source's, until its first read */
    _Atomic(struct MHD_Response *) response; /* a reply that is ready and not sent yet */
    void *state;
    void (*state_free)(void *state);
    struct arena arena;
    struct principal principal;
    int64_t started_us;
    uint64_t content_length;
    uint64_t received_bytes;
    uint16_t status;
    uint8_t phase;
    bool has_body;
    bool expects_continue;
    bool is_http_1_1;
    bool closes; /* what it said of its body cannot be trusted */
    bool principal_known;
    bool is_listed;                        /* in the listener's list of those that wait */
    struct request *wait_next, *wait_prev; /* that list; under its lock */
    char id[ULID_SIZE];
    char uri[]; /* path, NUL, query, NUL */
};

/* uri as received; it is copied. NULL where memory is short. */
struct request *request_new(struct listener *listener, struct connection *connection,
                            struct MHD_Connection *mhd, const char *uri);

const char *request_query_text(const struct request *request);

/* The work part, made when first asked for. */
struct request_work *request_work(struct request *request);

/* Copies all headers into the arena, so that they outlive the connection. */
void request_keep_headers(struct request *request);

/* Puts the peer's address into the arena. */
void request_keep_peer(struct request *request);

#endif
