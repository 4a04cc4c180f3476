/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/pause.h"
#include "db/migrate.h"

#include <pthread.h>
#include <stdlib.h>

#define RETRY_MS 1000

struct schema {
    struct schema_config config;
    struct db *db;
    pthread_t thread;
    struct pause pause;
    bool started;
};

static void *run(void *arg)
{
    struct schema *schema = arg;
    int r;

    do {
        r = migrate_run(schema->db, migrations_all, migrations_count);
        if (r == 0)
            r = schema->config.ready(schema->config.arg) == 0 ? 0 : ERR_INTERNAL;
    } while (r == ERR_UNAVAILABLE && pause_ms(&schema->pause, RETRY_MS));
    if (r == 0)
        atomic_store(schema->config.is_ready, true);
    else if (r != ERR_UNAVAILABLE)
        schema->config.failed(schema->config.arg);
    return NULL;
}

DEFINE_CLEANUP(cleanup_schema, struct schema *, schema_free);

int schema_new(const struct schema_config *config, struct schema **ret_schema)
{
    CLEANUP(cleanup_schema) struct schema *schema = calloc(1, sizeof(*schema));
    int r;

    if (!schema)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    schema->config = *config;
    pause_init(&schema->pause);
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
    pause_end(&schema->pause);
    if (schema->started)
        (void)pthread_join(schema->thread, NULL);
    pause_release(&schema->pause);
    db_free(schema->db);
    free(schema);
}
