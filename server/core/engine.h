/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "base/clock.h"
#include "base/error.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Work that nobody asks for: one thread with a connection of its own runs steps, each in its
 * interval, on whichever instance gets the step's advisory lock. A step is a transaction, or a few,
 * that can be repeated; time comes in as an argument.
 */
struct engine;

struct engine_step {
    const char *name;    /* for logs */
    int64_t lock;        /* the advisory lock, ENGINE_LOCK_* */
    int64_t interval_ms; /* from one run to the next */
    /* ret_more: there is more to do, run again at once. Returns 0 or negative, which was logged:
     * it is tried again after the interval. */
    int (*run)(struct db *db, void *arg, int64_t now_ms, bool *ret_more);
    void *arg; /* for run */
};

/* Advisory locks of steps. */
#define ENGINE_LOCK_RECLAIM ((int64_t)0x6d650001)
#define ENGINE_LOCK_RESIGN ((int64_t)0x6d650002)
#define ENGINE_LOCK_CHECKPOINT ((int64_t)0x6d650003)
#define ENGINE_LOCK_RETENTION ((int64_t)0x6d650004)

struct engine_config {
    const struct db_config *db;
    const struct clock *clock;
    const struct engine_step *steps; /* borrowed */
    size_t count;
};

int engine_new(const struct engine_config *config, struct engine **ret_engine) MUST_CHECK;

/* Ends after the step that runs. Accepts NULL. */
void engine_free(struct engine *engine);

/* One run of a step, with its lock, for engine_new()'s thread and for tests. *ret_more is false
 * where another instance has the lock. */
int engine_run(struct db *db, const struct engine_step *step, int64_t now_ms,
               bool *ret_more) MUST_CHECK;

#endif
