/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster_promotions.h"

#include "base/log.h"

#include <stdlib.h>

struct roster_promotions_entry {
    struct roster_promotions_entry *next;
    struct roster_promotion promotion;
};

void roster_promotions_init(struct roster_promotions *promotions)
{
    *promotions = (struct roster_promotions){.end = &promotions->first};
    (void)pthread_mutex_init(&promotions->lock, NULL);
}

void roster_promotions_release(struct roster_promotions *promotions)
{
    struct roster_promotion promotion;

    while (roster_promotions_take(promotions, &promotion))
        continue;
    (void)pthread_mutex_destroy(&promotions->lock);
}

void roster_promotions_put(struct roster_promotions *promotions,
                           const struct roster_promotion *promotion)
{
    struct roster_promotions_entry *entry = calloc(1, sizeof(*entry));
    void (*hook)(void *arg);
    void *arg;

    if (!entry) {
        log_line(LOG_WARN, "cannot note the first use of a token: out of memory");
        return;
    }
    entry->promotion = *promotion;
    (void)pthread_mutex_lock(&promotions->lock);
    *promotions->end = entry;
    promotions->end = &entry->next;
    hook = promotions->hook;
    arg = promotions->hook_arg;
    (void)pthread_mutex_unlock(&promotions->lock);
    if (hook)
        hook(arg);
}

bool roster_promotions_take(struct roster_promotions *promotions,
                            struct roster_promotion *ret_promotion)
{
    struct roster_promotions_entry *entry;

    (void)pthread_mutex_lock(&promotions->lock);
    entry = promotions->first;
    if (entry) {
        promotions->first = entry->next;
        if (!entry->next)
            promotions->end = &promotions->first;
    }
    (void)pthread_mutex_unlock(&promotions->lock);
    if (!entry)
        return false;
    *ret_promotion = entry->promotion;
    free(entry);
    return true;
}

void roster_promotions_on_put(struct roster_promotions *promotions, void (*hook)(void *arg),
                              void *arg)
{
    (void)pthread_mutex_lock(&promotions->lock);
    promotions->hook = hook;
    promotions->hook_arg = arg;
    (void)pthread_mutex_unlock(&promotions->lock);
}
