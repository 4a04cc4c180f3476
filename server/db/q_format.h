/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_FORMAT_H
#define DB_Q_FORMAT_H

#include "base/arena.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* What was read from the files of a version. */
struct q_format {
    int64_t variant;  /* its position in the version */
    int64_t position; /* of the artifact in the variant */
    const char *info_json;
};

int q_format_insert(struct db *db, int64_t workspace_id, int64_t version_id, struct arena *arena,
                    const struct q_format *formats, size_t count) MUST_CHECK;

/* In the order of the version's variants and artifacts; those of no known format are left out. */
int q_format_list(struct db *db, int64_t version_id, struct arena *arena,
                  struct q_format **ret_formats, size_t *ret_count) MUST_CHECK;

#endif
