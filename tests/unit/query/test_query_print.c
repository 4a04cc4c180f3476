/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query_print.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdint.h>
#include <string.h>

/* Trees of a seed: any shape and any values that the grammar knows. */
struct dice {
    uint64_t state;
    struct arena *arena;
    size_t terms;
};

static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice->state >> 33) % sides;
}

static const char *const texts[] = {
    "a", "and", "it's", "x y", "\"", "é", "(", "1.0", "", "*?%_\\", "'; DROP TABLE model; --"};
static const char *const keys[] = {"a", "not", "a.b/c-d_E", "in"};
static const char *const numbers[] = {"0", "-1", "0.5", "1e-7", "12345678901234567890"};
static const char *const times[] = {"2026-11-01", "2026-11-01T12:30:00Z",
                                    "1999-12-31T23:59:59.999-11:30"};
static const char *const states[] = {"draft", "published", "archived"};

#define PICK(dice, list) ((list)[roll((dice), ARRAY_LEN(list))])

static enum query_op pick_op(struct dice *dice, unsigned abilities)
{
    static const struct {
        enum query_op op;
        unsigned ability;
    } ops[] = {
        {QUERY_EQ,     QUERY_EQUAL  },
        {QUERY_NE,     QUERY_EQUAL  },
        {QUERY_IN,     QUERY_EQUAL  },
        {QUERY_LT,     QUERY_ORDER  },
        {QUERY_LE,     QUERY_ORDER  },
        {QUERY_GT,     QUERY_ORDER  },
        {QUERY_GE,     QUERY_ORDER  },
        {QUERY_LIKE,   QUERY_PATTERN},
        {QUERY_EXISTS, QUERY_PRESENT},
    };

    while (true) {
        size_t i = roll(dice, ARRAY_LEN(ops));

        if (abilities & ops[i].ability)
            return ops[i].op;
    }
}

static struct query_value pick_value(struct dice *dice, enum query_type type, enum query_op op)
{
    switch (type) {
    case QUERY_NUMBER:
        return (struct query_value){.text = PICK(dice, numbers), .is_number = true};
    case QUERY_EITHER:
        if (op != QUERY_LIKE && roll(dice, 2))
            return (struct query_value){.text = PICK(dice, numbers), .is_number = true};
        return (struct query_value){.text = PICK(dice, texts)};
    case QUERY_TIME:
        return (struct query_value){.text = PICK(dice, times)};
    case QUERY_WORD:
        return (struct query_value){.text = PICK(dice, states)};
    default:
        return (struct query_value){.text = PICK(dice, texts)};
    }
}

static struct query_node *pick_term(struct dice *dice)
{
    struct query_node *node = arena_alloc(dice->arena, sizeof(*node));
    const struct query_field *field;

    dice->terms++;
    node->ref.field = (enum query_field_id)roll(dice, QUERY_FIELDS);
    field = &query_field_table[node->ref.field];
    node->ref.key = field->keyed ? PICK(dice, keys) : NULL;
    if (node->ref.field == QUERY_METRIC && roll(dice, 2))
        node->ref.dataset = roll(dice, 2) ? "dataset:street@2" : "it's \"mine\"";
    node->op = pick_op(dice, field->abilities);
    node->value_count = node->op == QUERY_EXISTS ? 0 : node->op == QUERY_IN ? 1 + roll(dice, 2) : 1;
    node->values = arena_array(dice->arena, node->value_count, sizeof(*node->values));
    for (size_t i = 0; i < node->value_count; i++)
        node->values[i] = pick_value(dice, field->type, node->op);
    return node;
}

static struct query_node *pick_tree(struct dice *dice, unsigned depth, enum query_kind above)
{
    struct query_node *node = arena_alloc(dice->arena, sizeof(*node));
    enum query_kind kind =
        depth == 0 || dice->terms > 20 ? QUERY_TERM : (enum query_kind)roll(dice, 4);

    if (kind == QUERY_TERM)
        return pick_term(dice);
    if (kind == above && kind != QUERY_NOT) /* it would be one with what is above */
        kind = kind == QUERY_AND ? QUERY_OR : QUERY_AND;
    node->kind = kind;
    node->child_count = kind == QUERY_NOT ? 1 : 2 + roll(dice, 2);
    node->children = arena_array(dice->arena, node->child_count, sizeof(*node->children));
    for (size_t i = 0; i < node->child_count; i++)
        node->children[i] = pick_tree(dice, depth - 1, kind);
    return node;
}

static bool is_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const struct query_node *a, const struct query_node *b)
{
    bool same = a->kind == b->kind && a->child_count == b->child_count && a->op == b->op &&
                a->value_count == b->value_count && a->ref.field == b->ref.field &&
                is_text(a->ref.key, b->ref.key) && is_text(a->ref.dataset, b->ref.dataset);

    for (size_t i = 0; same && i < a->child_count; i++)
        same = is_same(a->children[i], b->children[i]);
    for (size_t i = 0; same && i < a->value_count; i++)
        same = is_text(a->values[i].text, b->values[i].text) &&
               a->values[i].is_number == b->values[i].is_number;
    return same;
}

START_TEST(what_is_printed_parses_to_the_same_tree)
{
    for (uint64_t seed = 0; seed < 20000; seed++) {
        CLEANUP(arena_release) struct arena arena = {0};
        CLEANUP(buffer_release) struct buffer once = BUFFER(1 << 20);
        CLEANUP(buffer_release) struct buffer twice = BUFFER(1 << 20);
        struct dice dice = {.state = seed, .arena = &arena};
        struct query_node *tree = pick_tree(&dice, 4, QUERY_TERM);
        struct query_error error = {0};
        struct query_node *read = NULL;
        int r;

        query_print(tree, &once);
        buffer_append_char(&once, '\0');
        if (dice.terms > QUERY_TERMS_MAX)
            continue;
        r = query_parse(QUERY_VERSIONS, once.bytes, &arena, &read, &error);
        ck_assert_msg(r == 0, "%s: column %zu: %s", once.bytes, error.column, error.text);
        query_print(read, &twice);
        buffer_append_char(&twice, '\0');
        ck_assert_str_eq(once.bytes, twice.bytes);
        ck_assert_msg(is_same(tree, read), "%s", once.bytes);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("query/query_print", what_is_printed_parses_to_the_same_tree);
}
