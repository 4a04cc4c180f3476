/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_SOURCE_H
#define DB_Q_SEARCH_SOURCE_H

#include "query/query.h"

#include <stdbool.h>

/*
 * Where the fields of a query are in the database: pieces of SQL, all of them constants. A row of
 * the source is a value that a version (or model) has; each has an index that begins with the
 * workspace, the key where there is one, and the value, and one by the id.
 */

enum q_search_kind {
    Q_SEARCH_TEXT,
    Q_SEARCH_NUMBER,
    Q_SEARCH_TIME,
};

struct q_search_source {
    const char *from;      /* "version_tag t" */
    const char *id;        /* "t.version_id" */
    const char *workspace; /* "t.workspace_id" */
    const char *where;     /* which rows of it; NULL: all */
    const char *key;       /* "t.key", or NULL: it has no keys */
    const char *dataset;   /* likewise */
    const char *value;
    enum q_search_kind kind;
    bool walks; /* one value each, and an index that gives them in their order */
};

/* as_number: the field can be either, and numbers are meant. */
const struct q_search_source *q_search_source(enum query_of of, const struct query_ref *ref,
                                              bool as_number);

/* What is searched. */
struct q_search_source_base {
    const char *from; /* "version_state s" */
    const char *id;   /* "s.version_id" */
    const char *workspace;
    const char *in_use; /* what is meant where a query says nothing of states */
};

const struct q_search_source_base *q_search_source_base(enum query_of of);

#endif
