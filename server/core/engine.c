/* SPDX-License-Identifier: Apache-2.0 */
#include "core/engine.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/pause.h"
#include "db/q_lock.h"

#include <pthread.h>
#include <stdlib.h>

struct engine {
    struct engine_config config;
    struct db *db;
    int64_t *due_ms; /* of each step, on the monotonic clock */
    pthread_t thread;
    struct pause pause;
    bool started;
};

int engine_run(struct db *db, const struct engine_step *step, int64_t now_ms, bool *ret_more)
{
    bool locked = false;
    bool more = false;
    int unlocked;
    int r;

    r = q_lock_try(db, step->lock, &locked);
    if (r)
        return r;
    if (locked) {
        r = step->run(db, step->arg, now_ms, &more);
        unlocked = q_lock_release(db, step->lock);
        if (!r)
            r = unlocked;
    }
    *ret_more = more && !r;
    return r;
}

static int64_t monotonic_ms(const struct engine *engine)
{
    return clock_monotonic_us(engine->config.clock) / 1000;
}

/* Runs what is due. Returns how long to wait for the next. */
static int64_t run_due(struct engine *engine)
{
    int64_t wait_ms = 3600 * 1000;

    for (size_t i = 0; i < engine->config.count; i++) {
        const struct engine_step *step = &engine->config.steps[i];
        bool more = false;

        if (monotonic_ms(engine) >= engine->due_ms[i]) {
            /* What went wrong was logged where it arose; the next interval tries again. */
            (void)!engine_run(engine->db, step, clock_wall_ms(engine->config.clock), &more);
            engine->due_ms[i] = monotonic_ms(engine) + (more ? 0 : step->interval_ms);
        }
        if (engine->due_ms[i] - monotonic_ms(engine) < wait_ms)
            wait_ms = engine->due_ms[i] - monotonic_ms(engine);
    }
    return wait_ms > 0 ? wait_ms : 0;
}

static void *run(void *arg)
{
    struct engine *engine = arg;

    while (pause_ms(&engine->pause, run_due(engine)))
        continue;
    return NULL;
}

DEFINE_CLEANUP(cleanup_engine, struct engine *, engine_free);

int engine_new(const struct engine_config *config, struct engine **ret_engine)
{
    CLEANUP(cleanup_engine) struct engine *engine = calloc(1, sizeof(*engine));
    int r;

    if (!engine)
        return log_fail(ERR_NO_MEMORY, "cannot start an engine: out of memory");
    engine->config = *config;
    pause_init(&engine->pause);
    engine->due_ms = calloc(config->count, sizeof(*engine->due_ms));
    if (!engine->due_ms)
        return log_fail(ERR_NO_MEMORY, "cannot start an engine: out of memory");
    r = db_new(config->db, &engine->db);
    if (r)
        return r;
    if (pthread_create(&engine->thread, NULL, run, engine) != 0)
        return log_fail(ERR_INTERNAL, "cannot start a thread");
    engine->started = true;
    (void)pthread_setname_np(engine->thread, "engine");
    *ret_engine = TAKE_PTR(engine);
    return 0;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    pause_end(&engine->pause);
    if (engine->started)
        (void)pthread_join(engine->thread, NULL);
    pause_release(&engine->pause);
    db_free(engine->db);
    free(engine->due_ms);
    free(engine);
}
