/* SPDX-License-Identifier: Apache-2.0 */
#include "db/pulse.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"

#include <pthread.h>
#include <stdlib.h>

/* From one answer to the next question, and from one failure. */
#define UP_MS 1000
#define DOWN_MS 200

struct pulse {
    struct db *db;
    int answer_timeout_ms;
    atomic_bool *is_up;
    atomic_bool silent;
    _Atomic int64_t connected_us;
    struct pause pause;
    pthread_t thread;
    bool started;
};

static int64_t now_ms(void)
{
    return clock_monotonic_us(clock_system()) / 1000;
}

/* A failure that took its time is silence: a refusal comes at once. */
static bool beat(struct pulse *pulse)
{
    int64_t start_ms = now_ms();
    bool up = db_ping(pulse->db);
    bool slow = now_ms() - start_ms >= pulse->answer_timeout_ms / 2;

    if (!up && slow && !atomic_load(&pulse->silent)) {
        log_line(LOG_WARN, "the database does not answer; nobody waits for it until it does");
        atomic_store(&pulse->silent, true);
    } else if (up && atomic_load(&pulse->silent)) {
        log_line(LOG_INFO, "the database answers again");
        atomic_store(&pulse->silent, false);
    }
    if (pulse->is_up)
        atomic_store(pulse->is_up, up);
    return up;
}

static void *run(void *arg)
{
    struct pulse *pulse = arg;

    while (pause_ms(&pulse->pause, beat(pulse) ? UP_MS : DOWN_MS))
        continue;
    return NULL;
}

DEFINE_CLEANUP(cleanup_pulse, struct pulse *, pulse_free);

int pulse_new(const struct pulse_config *config, struct pulse **ret_pulse)
{
    CLEANUP(cleanup_pulse) struct pulse *pulse = calloc(1, sizeof(*pulse));
    struct db_config db = *config->db;
    int r;

    if (!pulse)
        return log_fail(ERR_NO_MEMORY, "cannot watch the database: out of memory");
    pulse->answer_timeout_ms = config->answer_timeout_ms;
    pulse->is_up = config->is_up;
    pause_init(&pulse->pause);
    db.answer_timeout_ms = config->answer_timeout_ms;
    db.connect_timeout_s = (config->answer_timeout_ms + 999) / 1000;
    db.pulse = NULL;
    r = db_new(&db, &pulse->db);
    if (r)
        return r;
    if (pthread_create(&pulse->thread, NULL, run, pulse) != 0)
        return log_fail(ERR_INTERNAL, "cannot start the thread that watches the database");
    pulse->started = true;
    (void)pthread_setname_np(pulse->thread, "pulse");
    *ret_pulse = TAKE_PTR(pulse);
    return 0;
}

void pulse_free(struct pulse *pulse)
{
    if (!pulse)
        return;
    pause_end(&pulse->pause);
    if (pulse->started)
        (void)pthread_join(pulse->thread, NULL);
    pause_release(&pulse->pause);
    db_free(pulse->db);
    free(pulse);
}

bool pulse_is_silent(const struct pulse *pulse)
{
    return pulse && atomic_load_explicit(&pulse->silent, memory_order_relaxed);
}

void pulse_connected(struct pulse *pulse)
{
    if (pulse)
        atomic_store(&pulse->connected_us, clock_monotonic_us(clock_system()));
}

int64_t pulse_connected_us(const struct pulse *pulse)
{
    return pulse ? atomic_load(&pulse->connected_us) : 0;
}
