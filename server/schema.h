/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "base/error.h"
#include "db/db.h"

#include <stdatomic.h>

/*
 * Waits for the database on a thread of its own: applies the migrations as soon as it answers, and
 * says so once. A server starts, and tells its health, also while the database is away.
 */
struct schema;

struct schema_config {
    const struct db_config *db; /* copied */
    atomic_bool *is_ready;      /* set once the migrations are applied */
    /* Called once, on the thread, when it is ready; negative ends as `failed`. */
    int (*ready)(void *arg);
    /* Called once, on the thread, where the schema can never fit (it is newer, or was edited). */
    void (*failed)(void *arg);
    void *arg;
};

int schema_new(const struct schema_config *config, struct schema **ret_schema) MUST_CHECK;
/* Ends the thread. Accepts NULL. */
void schema_free(struct schema *schema);

#endif
