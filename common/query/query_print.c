/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query_print.h"

#include "query/query_scan.h"

static const char *const signs[] = {
    [QUERY_EQ] = "=",      [QUERY_NE] = "!=", [QUERY_LT] = "<",
    [QUERY_LE] = "<=",     [QUERY_GT] = ">",  [QUERY_GE] = ">=",
    [QUERY_LIKE] = "like", [QUERY_IN] = "in", [QUERY_EXISTS] = "exists",
};

static void print_quoted(const char *text, struct buffer *buffer)
{
    buffer_append_char(buffer, '\'');
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            buffer_append_char(buffer, '\'');
        buffer_append_char(buffer, *c);
    }
    buffer_append_char(buffer, '\'');
}

static void print_value(const struct query_node *node, const struct query_value *value,
                        struct buffer *buffer)
{
    enum query_type type = query_field_table[node->ref.field].type;
    bool is_bare = value->is_number || type == QUERY_WORD || type == QUERY_TIME;

    if (is_bare && !query_scan_needs_quotes(value->text))
        buffer_append_text(buffer, value->text);
    else
        print_quoted(value->text, buffer);
}

static void print_ref(const struct query_ref *ref, struct buffer *buffer)
{
    buffer_append_text(buffer, query_field_table[ref->field].name);
    if (ref->key)
        buffer_printf(buffer, ".%s", ref->key);
    if (!ref->dataset)
        return;
    buffer_append_char(buffer, '@');
    print_quoted(ref->dataset, buffer);
}

static void print_term(const struct query_node *node, struct buffer *buffer)
{
    print_ref(&node->ref, buffer);
    buffer_printf(buffer, " %s", signs[node->op]);
    if (node->op == QUERY_IN)
        buffer_append_text(buffer, " (");
    for (size_t i = 0; i < node->value_count; i++) {
        buffer_append_text(buffer, i > 0 ? ", " : node->op == QUERY_IN ? "" : " ");
        print_value(node, &node->values[i], buffer);
    }
    if (node->op == QUERY_IN)
        buffer_append_char(buffer, ')');
}

/* A part in parentheses where it would be read otherwise. NOLINTNEXTLINE(misc-no-recursion) */
static void print_part(const struct query_node *node, bool in_parentheses, struct buffer *buffer)
{
    if (in_parentheses)
        buffer_append_char(buffer, '(');
    query_print(node, buffer);
    if (in_parentheses)
        buffer_append_char(buffer, ')');
}

/* As deep as the query, which is bounded. NOLINTNEXTLINE(misc-no-recursion) */
void query_print(const struct query_node *node, struct buffer *buffer)
{
    if (!node)
        return;
    if (node->kind == QUERY_TERM) {
        print_term(node, buffer);
        return;
    }
    if (node->kind == QUERY_NOT) {
        enum query_kind kind = node->children[0]->kind;

        buffer_append_text(buffer, "not ");
        print_part(node->children[0], kind == QUERY_AND || kind == QUERY_OR, buffer);
        return;
    }
    for (size_t i = 0; i < node->child_count; i++) {
        if (i > 0)
            buffer_append_text(buffer, node->kind == QUERY_AND ? " and " : " or ");
        print_part(node->children[i],
                   node->kind == QUERY_AND && node->children[i]->kind == QUERY_OR, buffer);
    }
}

void query_print_order(const struct query_order *order, struct buffer *buffer)
{
    if (order->by_age)
        return;
    print_ref(&order->ref, buffer);
    buffer_append_text(buffer, order->descending ? " desc" : " asc");
}
