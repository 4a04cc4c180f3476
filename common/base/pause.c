/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pause.h"

#include <time.h>

void pause_init(struct pause *pause)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&pause->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pause->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    pause->ends = false;
}

bool pause_ms(struct pause *pause, int64_t ms)
{
    struct timespec until;
    bool ends;
    int r = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&pause->lock);
    while (!pause->ends && ms > 0 && r == 0)
        r = pthread_cond_timedwait(&pause->wake, &pause->lock, &until);
    ends = pause->ends;
    (void)pthread_mutex_unlock(&pause->lock);
    return !ends;
}

bool pause_ended(struct pause *pause)
{
    return !pause_ms(pause, 0);
}

void pause_end(struct pause *pause)
{
    (void)pthread_mutex_lock(&pause->lock);
    pause->ends = true;
    (void)pthread_cond_broadcast(&pause->wake);
    (void)pthread_mutex_unlock(&pause->lock);
}

void pause_release(struct pause *pause)
{
    (void)pthread_cond_destroy(&pause->wake);
    (void)pthread_mutex_destroy(&pause->lock);
}
