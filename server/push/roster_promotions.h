/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROSTER_PROMOTIONS_H
#define PUSH_ROSTER_PROMOTIONS_H

#include "push/roster.h"

#include <pthread.h>
#include <stdbool.h>

/* Next tokens that were used, waiting to be told to the database. Thread-safe. */
struct roster_promotions {
    pthread_mutex_t lock;
    struct roster_promotions_entry *first;
    struct roster_promotions_entry **end;
    void (*hook)(void *arg);
    void *hook_arg;
};

void roster_promotions_init(struct roster_promotions *promotions);
void roster_promotions_release(struct roster_promotions *promotions);

/* Calls the hook with no lock held. */
void roster_promotions_put(struct roster_promotions *promotions,
                           const struct roster_promotion *promotion);
bool roster_promotions_take(struct roster_promotions *promotions,
                            struct roster_promotion *ret_promotion);
void roster_promotions_on_put(struct roster_promotions *promotions, void (*hook)(void *arg),
                              void *arg);

#endif
