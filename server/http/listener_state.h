/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LISTENER_STATE_H
#define HTTP_LISTENER_STATE_H

#include "http/connection.h"
#include "http/listener.h"
#include "http/request_state.h"
#include "http/tls.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct listener {
    struct listener_config config; /* its strings are in the arena */
    struct arena arena;
    struct MHD_Daemon *daemon;
    struct tls *tls; /* NULL: plain HTTP */
    int fd;
    uint16_t port;
    struct connection_set connections;

    _Atomic int64_t header_timeout_ms;
    _Atomic int64_t body_timeout_ms;
    _Atomic int64_t now_ms; /* monotonic; as fresh as the last sweep */
    atomic_bool stopping;
    atomic_bool cut;         /* the grace is over */
    atomic_uint jobs;        /* submitted to the pool and not finished */
    atomic_size_t collected; /* bytes of bodies that are held for workers */

    pthread_mutex_t wait_lock;
    struct request *waiting; /* handlers and sources that sleep until somebody wakes them */

    pthread_mutex_t sweep_lock;
    pthread_cond_t sweep_wake;
    pthread_t sweeper;
    bool sweeping;
    bool sweep_ends;

    _Atomic uint64_t requests;
    _Atomic uint64_t by_status[6];
    _Atomic uint64_t rejected;
    _Atomic uint64_t body_bytes;
};

#endif
