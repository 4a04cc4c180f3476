/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/migrate.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_S 1
#define WATCH_S 2

struct schema {
    struct schema_config config;
    struct db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started;
    bool ends;
};

/* Returns whether to go on. */
static bool pause_s(struct schema *schema, int seconds)
{
    struct timespec until;
    bool ends;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&schema->lock);
    if (!schema->ends)
        (void)pthread_cond_timedwait(&schema->wake, &schema->lock, &until);
    ends = schema->ends;
    (void)pthread_mutex_unlock(&schema->lock);
    return !ends;
}

static bool is_ending(struct schema *schema)
{
    bool ends;

    (void)pthread_mutex_lock(&schema->lock);
    ends = schema->ends;
    (void)pthread_mutex_unlock(&schema->lock);
    return ends;
}

/* Returns whether the schema is ready. */
static bool bring_up(struct schema *schema)
{
    while (!is_ending(schema)) {
        int r = migrate_run(schema->db, migrations_all, migrations_count);

        if (r == 0) {
            atomic_store(schema->config.is_up, true);
            if (schema->config.ready(schema->config.arg) == 0) {
                atomic_store(schema->config.is_ready, true);
                return true;
            }
            r = ERR_INTERNAL;
        }
        if (r != ERR_UNAVAILABLE) {
            schema->config.failed(schema->config.arg);
            return false;
        }
        if (!pause_s(schema, RETRY_S))
            return false;
    }
    return false;
}

static void *run(void *arg)
{
    struct schema *schema = arg;

    if (!bring_up(schema))
        return NULL;
    while (pause_s(schema, WATCH_S))
        atomic_store(schema->config.is_up, db_ping(schema->db));
    return NULL;
}

DEFINE_CLEANUP(cleanup_schema, struct schema *, schema_free);

int schema_new(const struct schema_config *config, struct schema **ret_schema)
{
    CLEANUP(cleanup_schema) struct schema *schema = calloc(1, sizeof(*schema));
    pthread_condattr_t attributes;
    int r;

    if (!schema)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    schema->config = *config;
    (void)pthread_mutex_init(&schema->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&schema->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    r = db_new(config->db, &schema->db);
    if (r)
        return r;
    if (pthread_create(&schema->thread, NULL, run, schema) != 0)
        return log_fail(ERR_INTERNAL, "cannot start a thread");
    schema->started = true;
    (void)pthread_setname_np(schema->thread, "schema");
    *ret_schema = TAKE_PTR(schema);
    return 0;
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    (void)pthread_mutex_lock(&schema->lock);
    schema->ends = true;
    (void)pthread_cond_signal(&schema->wake);
    (void)pthread_mutex_unlock(&schema->lock);
    if (schema->started)
        (void)pthread_join(schema->thread, NULL);
    db_free(schema->db);
    (void)pthread_cond_destroy(&schema->wake);
    (void)pthread_mutex_destroy(&schema->lock);
    free(schema);
}
