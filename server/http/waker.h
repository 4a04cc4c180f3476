/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_WAKER_H
#define HTTP_WAKER_H

#include <stdatomic.h>
#include <stdbool.h>

struct MHD_Connection;

/*
 * Where a request and those who may wake it meet. A wake is remembered: one that comes before the
 * connection sleeps keeps it from sleeping. Only a connection that sleeps is resumed, and once.
 *
 *     RUNNING --sleep--> SLEEPING --wake--> WOKEN --(resumed) begin--> RUNNING
 *     RUNNING --wake--> WOKEN --sleep--> (does not sleep: is resumed at once)
 *     any --end--> GONE
 *
 * A sleeping connection cannot end: libmicrohttpd neither closes nor times out what is suspended.
 */
enum waker_phase {
    WAKER_RUNNING,
    WAKER_SLEEPING,
    WAKER_WOKEN,
    WAKER_GONE,
};

struct waker {
    atomic_uint references;
    atomic_int phase;
    struct MHD_Connection *connection;
    void (*free)(struct waker *waker); /* when the last reference is gone */
};

void waker_init(struct waker *waker, struct MHD_Connection *connection,
                void (*free)(struct waker *waker));

/* On the I/O thread, before what a wake announces is looked at. */
void waker_begin(struct waker *waker);

/* On the I/O thread, from a callback of libmicrohttpd: the connection is suspended until a wake. */
void waker_sleep(struct waker *waker);

/* The request is over; wakes do nothing from here on. */
void waker_end(struct waker *waker);
bool waker_is_gone(struct waker *waker);

#endif
