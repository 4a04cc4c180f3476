/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query_field.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "query/query.h"
#include "suite.h"

#include <string.h>

START_TEST(fields_are_found_by_both_names_in_either_case)
{
    enum query_field_id field;

    ck_assert(query_field_find(QUERY_VERSIONS, "metrics", 7, &field));
    ck_assert_int_eq(field, QUERY_METRIC);
    ck_assert(query_field_find(QUERY_VERSIONS, "METRIC", 6, &field));
    ck_assert_int_eq(field, QUERY_METRIC);
    ck_assert(query_field_find(QUERY_MODELS, "name", 4, &field));
    ck_assert_int_eq(field, QUERY_MODEL);
    ck_assert(!query_field_find(QUERY_MODELS, "metrics", 7, &field));
    ck_assert(!query_field_find(QUERY_VERSIONS, "met", 3, &field));
    ck_assert(!query_field_find(QUERY_VERSIONS, "", 0, &field));
}
END_TEST

/* What a message offers must be right. */
START_TEST(examples_are_queries)
{
    for (int i = 0; i < QUERY_FIELDS; i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const struct query_field *field = &query_field_table[i];
        struct query_node *node = NULL;
        struct query_error error;
        int r = query_parse(QUERY_VERSIONS, field->example, &arena, &node, &error);

        ck_assert_msg(r == 0, "%s: column %zu: %s", field->example, error.column, error.text);
        ck_assert_int_eq(node->ref.field, i);
        if (!field->models || i == QUERY_STATE)
            continue;
        ck_assert_int_eq(query_parse(QUERY_MODELS, field->example, &arena, &node, &error), 0);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("query/query_field", fields_are_found_by_both_names_in_either_case,
                     examples_are_queries);
}
