/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "model/name.h"
#include "query/query_scan.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct query_scan scan;
    enum query_of of;
    size_t terms;
    size_t values;
    unsigned depth;
};

static int parse_either(struct parser *parser, struct query_node **ret_node);

/* ---- fields ------------------------------------------------------------------------------- */

static int refuse_field(const struct parser *parser, const char *name, size_t length)
{
    char known[192] = "";
    size_t used = 0;

    for (int i = 0; i < QUERY_FIELDS; i++) {
        const struct query_field *field = &query_field_table[i];

        if (parser->of == QUERY_MODELS && !field->models)
            continue;
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s%s", used > 0 ? ", " : "",
                                 field->name, field->keyed ? ".KEY" : "");
    }
    if (length == 0)
        return query_scan_expect(&parser->scan, "a field, such as model or tags.team,");
    return query_scan_refuse(&parser->scan, parser->scan.at, "no field '%.*s'; there are %s",
                             length < 24 ? (int)length : 24, name, known);
}

static int parse_key(struct parser *parser, const struct query_field *field, struct query_ref *ref)
{
    struct query_scan *scan = &parser->scan;
    const char *wrong;
    size_t start;
    int r;

    if (scan->text[scan->at] != '.')
        return query_scan_refuse(scan, scan->at, "a key expected behind '%s', such as %s",
                                 field->name, field->example);
    start = ++scan->at;
    r = query_scan_key(scan, query_scan_is_key, "a key", &ref->key);
    if (r)
        return r;
    wrong = name_check_tag_key(ref->key);
    if (wrong)
        return query_scan_refuse(scan, start, "a key is %s", wrong);
    return 0;
}

static int parse_dataset(struct parser *parser, struct query_ref *ref)
{
    struct query_scan *scan = &parser->scan;
    size_t start = ++scan->at;
    const char *wrong;
    int r = query_scan_key(scan, query_scan_is_bare, "a dataset", &ref->dataset);

    if (r)
        return r;
    wrong = name_check_dataset(ref->dataset);
    if (wrong)
        return query_scan_refuse(scan, start, "a dataset is %s", wrong);
    return 0;
}

static int parse_field(struct parser *parser, struct query_ref *ret_ref)
{
    struct query_scan *scan = &parser->scan;
    const struct query_field *field;
    struct query_ref ref = {0};
    const char *name;
    size_t length;
    int r;

    query_scan_space(scan);
    name = query_scan_name(scan, &length);
    if (!query_field_find(parser->of, name, length, &ref.field))
        return refuse_field(parser, name, length);
    scan->at += length;
    field = &query_field_table[ref.field];
    if (field->keyed) {
        r = parse_key(parser, field, &ref);
        if (r)
            return r;
    } else if (scan->text[scan->at] == '.') {
        return query_scan_refuse(scan, scan->at, "'%s' has no keys; write %s", field->name,
                                 field->example);
    }
    if (ref.field == QUERY_METRIC && scan->text[scan->at] == '@') {
        r = parse_dataset(parser, &ref);
        if (r)
            return r;
    }
    *ret_ref = ref;
    return 0;
}

/* ---- values ------------------------------------------------------------------------------- */

static const char *expected_value(enum query_type type)
{
    switch (type) {
    case QUERY_NUMBER:
        return "a number, such as 0.9,";
    case QUERY_TIME:
        return "a time, such as 2026-11-01 or 2026-11-01T12:00:00Z,";
    case QUERY_WORD:
        return "a state";
    default:
        return "a value, such as 'prod',";
    }
}

static bool read_number(const char *text, struct query_value *value)
{
    if (name_check_metric(text))
        return false;
    value->number = strtod(text, NULL);
    value->is_number = isfinite(value->number);
    return value->is_number;
}

static bool read_time(struct parser *parser, const char *text, struct query_value *value)
{
    if (strlen(text) == strlen("2026-11-01"))
        text = arena_printf(parser->scan.arena, "%sT00:00:00Z", text);
    return clock_parse_rfc3339(text, &value->time_ms);
}

static bool is_state(enum query_of of, const char *text)
{
    for (const char *const *state = query_field_states(of); *state; state++) {
        if (strcmp(*state, text) == 0)
            return true;
    }
    return false;
}

static int parse_value(struct parser *parser, const struct query_field *field, enum query_op op,
                       struct query_value *ret_value)
{
    enum query_type type = field->type;
    struct query_piece piece = {0};
    struct query_value value = {0};
    int r = query_scan_value(&parser->scan, expected_value(type), &piece);

    if (r)
        return r;
    if (++parser->values > QUERY_VALUES_MAX)
        return query_scan_refuse(&parser->scan, piece.at, "at most %d values in one query",
                                 QUERY_VALUES_MAX);
    value.text = piece.text;
    if (type == QUERY_NUMBER && (piece.quoted || !read_number(piece.text, &value)))
        return query_scan_refuse(&parser->scan, piece.at, "a number expected, such as %s",
                                 field->example);
    if (type == QUERY_EITHER && op != QUERY_LIKE && !piece.quoted)
        (void)read_number(piece.text, &value);
    if (type == QUERY_TIME && !read_time(parser, piece.text, &value))
        return query_scan_refuse(&parser->scan, piece.at,
                                 "a time expected: 2026-11-01 or 2026-11-01T12:00:00Z");
    if (type == QUERY_WORD && !is_state(parser->of, piece.text))
        return query_scan_refuse(&parser->scan, piece.at, "a state expected: %s",
                                 parser->of == QUERY_MODELS
                                     ? "active or archived"
                                     : "draft, published, archived or deleted");
    *ret_value = value;
    return 0;
}

/* ---- conditions --------------------------------------------------------------------------- */

static const struct {
    const char *sign;
    enum query_op op;
    unsigned ability;
} signs[] = {
    {"!=", QUERY_NE, QUERY_EQUAL}, /* the longer ones first */
    {"<>", QUERY_NE, QUERY_EQUAL},
    {"<=", QUERY_LE, QUERY_ORDER},
    {">=", QUERY_GE, QUERY_ORDER},
    {"==", QUERY_EQ, QUERY_EQUAL},
    {"=",  QUERY_EQ, QUERY_EQUAL},
    {"<",  QUERY_LT, QUERY_ORDER},
    {">",  QUERY_GT, QUERY_ORDER},
};

static const struct {
    const char *word;
    enum query_op op;
    unsigned ability;
} words[] = {
    {"like",   QUERY_LIKE,   QUERY_PATTERN},
    {"in",     QUERY_IN,     QUERY_EQUAL  },
    {"exists", QUERY_EXISTS, QUERY_PRESENT},
};

static int refuse_operator(const struct parser *parser, const struct query_field *field)
{
    char known[96];
    unsigned can = field->abilities;

    (void)snprintf(known, sizeof(known), "%s%s%s%s", can & QUERY_EQUAL ? " =, !=, in," : "",
                   can & QUERY_ORDER ? " <, <=, >, >=," : "", can & QUERY_PATTERN ? " like," : "",
                   can & QUERY_PRESENT ? " exists," : "");
    known[strlen(known) - 1] = '\0';
    return query_scan_expect(&parser->scan, arena_printf(parser->scan.arena, "one of%s behind '%s'",
                                                         known, field->name));
}

/* ret_not: "not like", "not in". */
static int parse_operator(struct parser *parser, const struct query_field *field,
                          enum query_op *ret_op, bool *ret_not)
{
    struct query_scan *scan = &parser->scan;
    size_t start;

    query_scan_space(scan);
    start = scan->at;
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (!(field->abilities & signs[i].ability) ||
            strncmp(scan->text + scan->at, signs[i].sign, strlen(signs[i].sign)) != 0)
            continue;
        scan->at += strlen(signs[i].sign);
        *ret_op = signs[i].op;
        return 0;
    }
    *ret_not = query_scan_word(scan, "not");
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!(field->abilities & words[i].ability) || (*ret_not && words[i].op == QUERY_EXISTS) ||
            !query_scan_word(scan, words[i].word))
            continue;
        *ret_op = words[i].op;
        return 0;
    }
    scan->at = start;
    return refuse_operator(parser, field);
}

static int parse_list(struct parser *parser, const struct query_field *field,
                      struct query_node *node)
{
    struct query_value values[QUERY_VALUES_MAX];
    size_t count = 0;
    int r;

    if (!query_scan_take(&parser->scan, '('))
        return query_scan_expect(&parser->scan, "( and a list of values");
    do {
        r = parse_value(parser, field, node->op, &values[count]); /* counts them too */
        if (r)
            return r;
        count++;
    } while (query_scan_take(&parser->scan, ','));
    if (!query_scan_take(&parser->scan, ')'))
        return query_scan_expect(&parser->scan, "a comma or ) behind a value");
    node->values = arena_memdup(parser->scan.arena, values, count * sizeof(*values));
    node->value_count = count;
    return 0;
}

static struct query_node *make_node(struct parser *parser, enum query_kind kind)
{
    struct query_node *node = arena_alloc(parser->scan.arena, sizeof(*node));

    node->kind = kind;
    return node;
}

static struct query_node *negate(struct parser *parser, struct query_node *child)
{
    struct query_node *node = make_node(parser, QUERY_NOT);

    node->children = arena_array(parser->scan.arena, 1, sizeof(struct query_node *));
    node->children[0] = child;
    node->child_count = 1;
    return node;
}

static int parse_condition(struct parser *parser, struct query_node **ret_node)
{
    struct query_node *node = make_node(parser, QUERY_TERM);
    const struct query_field *field;
    bool negative = false;
    int r;

    if (++parser->terms > QUERY_TERMS_MAX)
        return query_scan_refuse(&parser->scan, parser->scan.at,
                                 "at most %d conditions in one query", QUERY_TERMS_MAX);
    r = parse_field(parser, &node->ref);
    if (r)
        return r;
    field = &query_field_table[node->ref.field];
    r = parse_operator(parser, field, &node->op, &negative);
    if (r)
        return r;
    if (node->op == QUERY_IN) {
        r = parse_list(parser, field, node);
    } else if (node->op != QUERY_EXISTS) {
        node->values = arena_array(parser->scan.arena, 1, sizeof(*node->values));
        node->value_count = 1;
        r = parse_value(parser, field, node->op, node->values);
    }
    if (r)
        return r;
    *ret_node = negative ? negate(parser, node) : node;
    return 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int enter(struct parser *parser)
{
    if (++parser->depth > QUERY_DEPTH_MAX)
        return query_scan_refuse(&parser->scan, parser->scan.at,
                                 "at most %d levels of parentheses and 'not'", QUERY_DEPTH_MAX);
    return 0;
}

/* Bounded by enter(). NOLINTNEXTLINE(misc-no-recursion) */
static int parse_one(struct parser *parser, struct query_node **ret_node)
{
    int r = enter(parser);

    if (r)
        return r;
    if (query_scan_word(&parser->scan, "not")) {
        r = parse_one(parser, ret_node);
        if (!r)
            *ret_node = negate(parser, *ret_node);
    } else if (query_scan_take(&parser->scan, '(')) {
        r = parse_either(parser, ret_node);
        if (!r && !query_scan_take(&parser->scan, ')'))
            r = query_scan_expect(&parser->scan, "'and', 'or' or )");
    } else {
        r = parse_condition(parser, ret_node);
    }
    parser->depth--;
    return r;
}

/* Puts what one of the same kind consists of in its place. */
static void add_child(struct query_node *node, struct query_node *child)
{
    struct query_node **parts = child->kind == node->kind ? child->children : &child;
    size_t count = child->kind == node->kind ? child->child_count : 1;

    memcpy(node->children + node->child_count, parts, count * sizeof(*parts));
    node->child_count += count;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int parse_chain(struct parser *parser, enum query_kind kind, struct query_node **ret_node)
{
    const char *word = kind == QUERY_AND ? "and" : "or";
    struct query_node *first = NULL;
    struct query_node *node = NULL;
    int r;

    while (true) {
        struct query_node *child = NULL;

        r = kind == QUERY_AND ? parse_one(parser, &child) : parse_chain(parser, QUERY_AND, &child);
        if (r)
            return r;
        assert(child);
        if (!first)
            first = child;
        else if (!node) {
            node = make_node(parser, kind);
            node->children =
                arena_array(parser->scan.arena, QUERY_TERMS_MAX, sizeof(*node->children));
            add_child(node, first);
        }
        if (node)
            add_child(node, child);
        if (!query_scan_word(&parser->scan, word))
            break;
    }
    *ret_node = node ? node : first;
    return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int parse_either(struct parser *parser, struct query_node **ret_node)
{
    return parse_chain(parser, QUERY_OR, ret_node);
}

static int check_text(const char *text, struct query_error *ret_error)
{
    size_t length = strlen(text);

    *ret_error = (struct query_error){.column = 1};
    if (length > QUERY_BYTES_MAX)
        (void)snprintf(ret_error->text, sizeof(ret_error->text),
                       "a query has at most %d bytes, this one %zu", QUERY_BYTES_MAX, length);
    else if (!utf8_valid(text, length))
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "a query is UTF-8");
    else
        return 0;
    return QUERY_E_INVALID;
}

int query_parse(enum query_of of, const char *text, struct arena *arena,
                struct query_node **ret_node, struct query_error *ret_error)
{
    struct parser parser = {
        .scan = {text, 0, arena, ret_error},
          .of = of
    };
    struct query_node *node = NULL;
    int r = check_text(text, ret_error);

    if (!r && !query_scan_at_end(&parser.scan)) {
        r = parse_either(&parser, &node);
        if (!r && !query_scan_at_end(&parser.scan))
            r = query_scan_expect(&parser.scan, "'and' or 'or'");
    }
    if (r)
        return r;
    *ret_node = node;
    return 0;
}

int query_parse_order(enum query_of of, const char *text, struct arena *arena,
                      struct query_order *ret_order, struct query_error *ret_error)
{
    struct parser parser = {
        .scan = {text, 0, arena, ret_error},
          .of = of
    };
    struct query_order order = {.by_age = true, .descending = true};
    int r = check_text(text, ret_error);

    if (!r && !query_scan_at_end(&parser.scan)) {
        order = (struct query_order){0};
        r = parse_field(&parser, &order.ref);
        if (!r && !query_scan_word(&parser.scan, "asc"))
            order.descending = query_scan_word(&parser.scan, "desc");
        if (!r && !query_scan_at_end(&parser.scan))
            r = query_scan_expect(&parser.scan, "asc or desc");
    }
    if (r)
        return r;
    *ret_order = order;
    return 0;
}
