/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The search's grammar: whatever is read prints to what reads as the same; bounds are kept; what
 * is refused says where. Input: the query; its first byte says of what, and whether as an order.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "query/query.h"
#include "query/query_print.h"

#include <string.h>

struct counts {
    size_t terms;
    size_t values;
};

static void count(const struct query_node *node, struct counts *counts, unsigned depth)
{
    FUZZ_HOLDS(depth <= 3 * QUERY_DEPTH_MAX);
    if (node->kind == QUERY_TERM) {
        counts->terms++;
        counts->values += node->value_count;
        FUZZ_HOLDS((node->op == QUERY_EXISTS) == (node->value_count == 0));
        FUZZ_HOLDS(!node->ref.key == !query_field_table[node->ref.field].keyed);
        return;
    }
    FUZZ_HOLDS(node->kind == QUERY_NOT ? node->child_count == 1 : node->child_count >= 2);
    for (size_t i = 0; i < node->child_count; i++)
        count(node->children[i], counts, depth + 1);
}

static void check_error(const char *text, const struct query_error *error)
{
    FUZZ_HOLDS(error->column >= 1 && error->column <= strlen(text) + 1);
    FUZZ_HOLDS(error->text[0]);
}

static void check_query(enum query_of of, const char *text)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(buffer_release) struct buffer once = BUFFER(1 << 20);
    CLEANUP(buffer_release) struct buffer twice = BUFFER(1 << 20);
    struct query_error error = {0};
    struct counts counts = {0};
    struct query_node *node = NULL;

    if (query_parse(of, text, &arena, &node, &error)) {
        check_error(text, &error);
        return;
    }
    if (!node)
        return;
    count(node, &counts, 0);
    FUZZ_HOLDS(counts.terms <= QUERY_TERMS_MAX && counts.values <= QUERY_VALUES_MAX);
    query_print(node, &once);
    buffer_append_char(&once, '\0');
    if (strlen(once.bytes) > QUERY_BYTES_MAX) /* quotes made it longer */
        return;
    FUZZ_HOLDS(query_parse(of, once.bytes, &arena, &node, &error) == 0);
    query_print(node, &twice);
    buffer_append_char(&twice, '\0');
    FUZZ_HOLDS(strcmp(once.bytes, twice.bytes) == 0);
}

static void check_order(enum query_of of, const char *text)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(buffer_release) struct buffer once = BUFFER(1 << 20);
    struct query_error error = {0};
    struct query_order order;

    if (query_parse_order(of, text, &arena, &order, &error)) {
        check_error(text, &error);
        return;
    }
    query_print_order(&order, &once);
    buffer_append_char(&once, '\0');
    FUZZ_HOLDS(query_parse_order(of, once.bytes, &arena, &order, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = NULL;

    if (size == 0)
        return 0;
    text = strndup((const char *)data + 1, size - 1);
    FUZZ_HOLDS(text);
    if (data[0] & 2)
        check_order(data[0] & 1 ? QUERY_MODELS : QUERY_VERSIONS, text);
    else
        check_query(data[0] & 1 ? QUERY_MODELS : QUERY_VERSIONS, text);
    return 0;
}
