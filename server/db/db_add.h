/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_ADD_H
#define DB_DB_ADD_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parameters of a statement, in PostgreSQL's binary form. More than fit is a bug (assert). */

#define DB_PARAMS_MAX 112 /* what a search of 32 conditions binds, and some more */

/* Start from {0}; what text and bytes point to is borrowed until the statement was executed. */
struct db_params {
    int count;
    const char *values[DB_PARAMS_MAX];
    int lengths[DB_PARAMS_MAX];
    int formats[DB_PARAMS_MAX];
    uint32_t types[DB_PARAMS_MAX]; /* for statements that are not prepared */
    uint64_t scratch[DB_PARAMS_MAX];
};

void db_add_i64(struct db_params *params, int64_t value);
void db_add_i32(struct db_params *params, int32_t value);
void db_add_f64(struct db_params *params, double value);
void db_add_bool(struct db_params *params, bool value);
void db_add_text(struct db_params *params, const char *text); /* NULL is SQL's NULL */
void db_add_bytes(struct db_params *params, const void *bytes, size_t size);
void db_add_null(struct db_params *params);
/* Arrays, built in the arena: for unnest() and = ANY(). A NULL text is SQL's NULL. */
void db_add_i64_array(struct db_params *params, struct arena *arena, const int64_t *values,
                      size_t count);
void db_add_text_array(struct db_params *params, struct arena *arena, const char *const *texts,
                       size_t count);
/* count digests of size bytes each, one behind the other. */
void db_add_bytes_array(struct db_params *params, struct arena *arena, const void *bytes,
                        size_t size, size_t count);

#endif
