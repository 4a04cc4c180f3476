/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/reply.h"
#include "http/request.h"
#include "http/role.h"

#include <stddef.h>

/* How a route runs. */
enum route_mode {
    ROUTE_INLINE, /* on the I/O thread: must not block; call.worker is NULL; no body */
    ROUTE_WORKER, /* the body is collected first, then a worker runs the handler */
    ROUTE_STREAM, /* a worker runs the handler at once; it reads the body by request_read() */
};

/* What a handler gets. */
struct call {
    void *context; /* the listener's */
    void *worker;  /* what the pool's worker_new made: struct db *; NULL inline */
    struct request *request;
    struct arena *arena; /* the request's */
    const struct principal *principal;
};

/* One route: a table of these is the whole surface of a listener. */
struct route {
    const char *method;  /* GET also answers HEAD unless a HEAD route exists */
    const char *pattern; /* "/api/v1/models/{model}": a capture is one whole segment */
    unsigned roles;      /* who may; ROLES_PUBLIC: anyone */
    enum route_mode mode;
    size_t body_limit; /* bytes; ROUTE_WORKER only; 0: no body allowed */
    unsigned flags;    /* enum route_flag */
    int (*handle)(const struct call *call, struct reply *reply);
};

enum route_flag {
    ROUTE_IDEMPOTENT_KEY = 1, /* accepts Idempotency-Key: effect and reply commit together */
    ROUTE_NO_LOG = 2,         /* not worth an access-log line at info (polls, health) */
    ROUTE_OPEN = 4,           /* needs no token where listener_config.open says so */
    ROUTE_LONG = 8,           /* of ROUTE_WORKER: runs where uploads do, since it may take long */
};

struct route_match {
    const struct route *route;
    size_t captures; /* how many; the names are in the pattern, in order */
    struct {
        const char *name;
        size_t name_length;
        const char *value; /* still percent-encoded, in the path */
        size_t value_length;
    } capture[8];
};

enum {
    ROUTER_E_NOT_FOUND = 1,
    ROUTER_E_METHOD = 2, /* the path exists; ret_allow says for which methods */
};

#define ROUTER_ALLOW_SIZE 64

/* routes ends with an entry whose method is NULL. ret_match is scratch space unless 0 is returned.
 * Pure; thread-safe. */
int router_match(const struct route *routes, const char *method, const char *path,
                 struct route_match *ret_match, char ret_allow[static ROUTER_ALLOW_SIZE]);

#endif
