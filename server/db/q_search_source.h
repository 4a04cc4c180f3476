/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_SOURCE_H
#define DB_Q_SEARCH_SOURCE_H

#include "db/db.h"
#include "query/query.h"

#include <stdbool.h>

/*
 * Where the fields of a query are in the database, and the statements that ask for them. A row of a
 * source is a value that a version (or model) has; each has an index that begins with the
 * workspace, the key where there is one, and the value, and one by the id.
 */

enum q_search_kind {
    Q_SEARCH_TEXT,
    Q_SEARCH_NUMBER,
    Q_SEARCH_TIME,
};

/* What a condition asks of a value. */
enum q_search_form {
    Q_SEARCH_IN,
    Q_SEARCH_LIKE,
    Q_SEARCH_FROM,    /* of texts: that one or behind it */
    Q_SEARCH_BELOW,   /* of texts: before it */
    Q_SEARCH_BETWEEN, /* of numbers and times: two bounds, both within */
    Q_SEARCH_FORMS,
};

/* Statements: $1 is the workspace; $2 the limit of a list or of a walk, else the ids; then the key
 * and the dataset, where the source has them; then values, or the cursor's key and id. */
struct q_search_source {
    enum q_search_kind kind;
    bool keyed;
    bool on_dataset;
    bool skewed; /* plans differ with the value: its statements are not kept */
    struct db_stmt lists[Q_SEARCH_FORMS];
    struct db_stmt tests[Q_SEARCH_FORMS];
    struct db_stmt keys;
    struct db_stmt walks[2][2]; /* [descending][behind a cursor] */
};

/* as_number: the field can be either, and numbers are meant. */
const struct q_search_source *q_search_source(enum query_of of, const struct query_ref *ref,
                                              bool as_number);

/* What is searched: by age, and which of it is meant where a query says nothing of states. */
struct q_search_source_base {
    struct db_stmt walks[2]; /* [descending] */
    struct db_stmt in_use;
};

const struct q_search_source_base *q_search_source_base(enum query_of of);

#endif
