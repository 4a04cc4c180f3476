/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "base/error.h"
#include "http/proxies.h"
#include "http/router.h"
#include "work/pool.h"

#include <stdbool.h>
#include <stdint.h>

/* A listening port with its routes. Nothing else in the tree knows libmicrohttpd. */
struct listener;

enum {
    LISTENER_E_TOKEN = 1, /* no such token, revoked or expired */
    LISTENER_E_LATER = 2, /* inline: only a worker can tell; it is asked there */
};

struct listener_config {
    const char *name;    /* "api", "device": for logs and metrics */
    const char *address; /* "127.0.0.1:8080", "[::]:8443"; port 0 picks one */
    const struct route *routes;
    void *context;            /* call.context of every handler */
    struct pool *pool;        /* for ROUTE_WORKER */
    struct pool *stream_pool; /* for ROUTE_STREAM and ROUTE_LONG; NULL: pool */
    unsigned threads;
    unsigned connections_max;
    unsigned connections_per_ip_max; /* 0: no limit */
    size_t connection_memory_bytes;
    size_t connection_memory_increment;
    unsigned idle_timeout_s;   /* a connection on which nothing moves */
    unsigned header_timeout_s; /* from accept or last reply to complete headers */
    unsigned body_timeout_s;   /* a body that stalls */
    const char *tls_cert_file; /* PEM; NULL: plain HTTP */
    const char *tls_key_file;
    struct proxies proxies;         /* whose word on the client's address counts */
    const char *tls_client_ca_file; /* devices must present a certificate of this CA; or NULL */

    bool open; /* routes with ROUTE_OPEN answer also who has no token */

    /*
     * Turns a bearer token into a principal. A token may also come as the password of Basic
     * authentication (RFC 7617), which is what clients that are not ours can send. Where
     * inline_auth is set it runs on the I/O thread (worker is NULL) and must not block; otherwise,
     * and where it said LISTENER_E_LATER, on the worker, before the handler. Returns 0, one of the
     * above, or negative when fatal.
     */
    bool inline_auth;
    int (*authenticate)(void *context, void *worker, const char *token, struct arena *arena,
                        struct principal *ret_principal);

    /*
     * Wraps the handlers of routes with ROUTE_IDEMPOTENT_KEY when the client sent the header
     * (core/idempotency supplies it). NULL: the header is ignored.
     */
    int (*idempotent)(const struct call *call, const struct route *route, const char *key,
                      struct reply *reply);
};

/* Binds, so that the port is known, but does not serve yet: what handlers reach through the context
 * can be completed first. The routes and the context are borrowed, everything else is copied. */
int listener_new(const struct listener_config *config, struct listener **ret_listener) MUST_CHECK;

/* Serves from here on; stop it, then free it. */
int listener_start(struct listener *listener) MUST_CHECK;

/* A decimal number from 0 to 65535 and nothing else. */
bool listener_parse_port(const char *text, uint16_t *ret_port);

/* The port it really has. */
uint16_t listener_port(const struct listener *listener);

/* No new connections; those that wait on a source or a long-poll are woken (they see
 * listener_stopping()); then waits at most grace_ms for the others and closes all. */
void listener_stop(struct listener *listener, int grace_ms);
bool listener_stopping(const struct listener *listener);
void listener_free(struct listener *listener);

/* Changes two of the configuration's times, for what begins from now on. */
void listener_set_timeouts(struct listener *listener, unsigned header_timeout_s,
                           unsigned body_timeout_s);

/* Reads certificate, key and client CA again; new connections get them. Says so and keeps the
 * old ones on failure. */
void listener_reload(struct listener *listener);

/* For /metrics. */
struct listener_stats {
    uint64_t connections; /* open now */
    uint64_t requests_total;
    uint64_t by_status[6];   /* [2]: 2xx ... */
    uint64_t rejected_total; /* 503 because the queue was full */
    uint64_t body_bytes_total;
};
void listener_stats(const struct listener *listener, struct listener_stats *ret_stats);

#endif
