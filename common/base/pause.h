/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PAUSE_H
#define BASE_PAUSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How a thread that does something now and then waits in between, and how another one ends it.
 *
 *     thread:  do { work(); } while (pause_ms(&pause, 2000));
 *     owner:   pause_end(&pause); pthread_join(...); pause_release(&pause);
 */
struct pause {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ends;
};

void pause_init(struct pause *pause);

/* Waits; returns at once where pause_end was called, and when it is. Returns whether to go on. */
bool pause_ms(struct pause *pause, int64_t ms);

/* Whether pause_end was called. */
bool pause_ended(struct pause *pause);

/* For good. Any thread. */
void pause_end(struct pause *pause);

/* Nobody uses it any more. */
void pause_release(struct pause *pause);

#endif
