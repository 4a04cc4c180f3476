/* SPDX-License-Identifier: Apache-2.0 */
#include "http/waker.h"

#include "http/request.h"

#include <microhttpd.h>

void waker_init(struct waker *waker, struct MHD_Connection *connection,
                void (*free)(struct waker *waker))
{
    atomic_init(&waker->references, 1);
    atomic_init(&waker->phase, WAKER_RUNNING);
    waker->connection = connection;
    waker->free = free;
}

struct waker *waker_ref(struct waker *waker)
{
    (void)atomic_fetch_add_explicit(&waker->references, 1, memory_order_relaxed);
    return waker;
}

void waker_unref(struct waker *waker)
{
    if (waker && atomic_fetch_sub_explicit(&waker->references, 1, memory_order_acq_rel) == 1)
        waker->free(waker);
}

void waker_wake(struct waker *waker)
{
    int phase = atomic_load(&waker->phase);

    /* writes even where it is woken already: the writer's data travels with the exchange */
    do {
        if (phase == WAKER_GONE)
            return;
    } while (!atomic_compare_exchange_weak(&waker->phase, &phase, WAKER_WOKEN));
    if (phase == WAKER_SLEEPING)
        MHD_resume_connection(waker->connection);
}

void waker_begin(struct waker *waker)
{
    (void)atomic_exchange(&waker->phase, WAKER_RUNNING);
}

void waker_sleep(struct waker *waker)
{
    int phase = WAKER_RUNNING;

    /* suspended first: from the moment it is seen as sleeping, anyone may resume it */
    MHD_suspend_connection(waker->connection);
    if (!atomic_compare_exchange_strong(&waker->phase, &phase, WAKER_SLEEPING))
        MHD_resume_connection(waker->connection);
}

void waker_end(struct waker *waker)
{
    atomic_store(&waker->phase, WAKER_GONE);
}

bool waker_is_gone(struct waker *waker)
{
    return atomic_load(&waker->phase) == WAKER_GONE;
}
