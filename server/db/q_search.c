/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search.h"

#include "base/cleanup.h"

#include <math.h>
#include <string.h>

#define MS_1970_TO_2000 INT64_C(946684800000)

/* ---- conditions --------------------------------------------------------------------------- */

/* "*" and "?" as LIKE knows them. */
static const char *pattern_of(const char *glob, struct arena *arena)
{
    char *pattern = arena_alloc(arena, 2 * strlen(glob) + 1);
    char *end = pattern;

    for (const char *c = glob; *c; c++) {
        if (strchr("%_\\", *c))
            *end++ = '\\';
        *end++ = *c == '*' ? '%' : *c == '?' ? '_' : *c;
    }
    return pattern;
}

static bool all_numbers(const struct query_node *node)
{
    for (size_t i = 0; i < node->value_count; i++) {
        if (!node->values[i].is_number)
            return false;
    }
    return node->value_count > 0;
}

/* The least text behind another: no text has a NUL. */
static const char *next_text(const char *text, struct arena *arena)
{
    return arena_printf(arena, "%s\x01", text);
}

static void set_texts(struct q_search_term *term, const struct query_node *node,
                      struct arena *arena)
{
    term->form = Q_SEARCH_IN;
    term->text_count = node->value_count;
    term->texts = arena_array(arena, node->value_count, sizeof(*term->texts));
    for (size_t i = 0; i < node->value_count; i++)
        term->texts[i] = term->source->kind == Q_SEARCH_NUMBER
                             ? arena_printf(arena, "%.17g", node->values[i].number)
                             : node->values[i].text;
}

static void set_range(struct q_search_term *term, const struct query_node *node,
                      struct arena *arena)
{
    bool below = node->op == QUERY_LT || node->op == QUERY_LE;
    bool beyond = node->op == QUERY_LE || node->op == QUERY_GT;
    const char *text = node->value_count > 0 ? node->values[0].text : "";

    term->form = below ? Q_SEARCH_BELOW : Q_SEARCH_FROM;
    term->text = beyond ? next_text(text, arena) : text;
}

/* All values lie between the bounds that the condition does not set. */
static void set_bounds(struct q_search_term *term, const struct query_node *node)
{
    const struct query_value *value = node->values;
    int64_t time_us = node->value_count > 0 ? (value->time_ms - MS_1970_TO_2000) * 1000 : 0;

    term->form = Q_SEARCH_BETWEEN;
    term->low = -INFINITY;
    term->high = INFINITY;
    term->low_us = INT64_MIN;
    term->high_us = INT64_MAX;
    switch (node->op) {
    case QUERY_LT:
        term->high = nextafter(value->number, -INFINITY);
        term->high_us = time_us - 1;
        break;
    case QUERY_LE:
        term->high = value->number;
        term->high_us = time_us;
        break;
    case QUERY_GT:
        term->low = nextafter(value->number, INFINITY);
        term->low_us = time_us + 1;
        break;
    case QUERY_GE:
        term->low = value->number;
        term->low_us = time_us;
        break;
    default:
        break; /* QUERY_EXISTS */
    }
}

struct q_search_term q_search_term(enum query_of of, const struct query_node *node,
                                   struct arena *arena)
{
    struct q_search_term term = {
        .source = q_search_source(of, &node->ref, all_numbers(node)),
        .key = node->ref.key,
        .dataset = node->ref.dataset,
    };

    if (node->op == QUERY_EQ || node->op == QUERY_NE || node->op == QUERY_IN) {
        set_texts(&term, node, arena);
    } else if (node->op == QUERY_LIKE) {
        term.form = Q_SEARCH_LIKE;
        term.text = pattern_of(node->values[0].text, arena);
    } else if (term.source->kind == Q_SEARCH_TEXT) {
        set_range(&term, node, arena);
    } else {
        set_bounds(&term, node);
    }
    return term;
}

struct q_search_order q_search_order(enum query_of of, const struct query_order *order)
{
    return (struct q_search_order){
        .source = q_search_source(of, &order->ref, true),
        .key = order->ref.key,
        .dataset = order->ref.dataset,
        .descending = order->descending,
    };
}

/* ---- parameters --------------------------------------------------------------------------- */

static void add_place(struct db_params *params, const struct q_search_source *source,
                      const char *key, const char *dataset)
{
    if (source->keyed)
        db_add_text(params, key);
    if (source->on_dataset)
        db_add_text(params, dataset);
}

static void add_values(struct db_params *params, const struct q_search_term *term,
                       struct arena *arena)
{
    add_place(params, term->source, term->key, term->dataset);
    if (term->form == Q_SEARCH_IN) {
        db_add_text_array(params, arena, term->texts, term->text_count);
    } else if (term->form != Q_SEARCH_BETWEEN) {
        db_add_text(params, term->text);
    } else if (term->source->kind == Q_SEARCH_NUMBER) {
        db_add_f64(params, term->low);
        db_add_f64(params, term->high);
    } else {
        db_add_i64(params, term->low_us); /* as PostgreSQL itself counts */
        db_add_i64(params, term->high_us);
    }
}

static void add_hit(struct db_params *params, enum q_search_kind kind,
                    const struct q_search_hit *hit)
{
    if (kind == Q_SEARCH_NUMBER)
        db_add_f64(params, hit->key.number);
    else if (kind == Q_SEARCH_TIME)
        db_add_i64(params, hit->key.time_us);
    else
        db_add_text(params, hit->key.text);
    db_add_i64(params, hit->id);
}

/* ---- results ------------------------------------------------------------------------------ */

/* The one array of a statement. */
static int read_ids(const struct q_search_scope *scope, const struct db_stmt *stmt, bool keep,
                    const struct db_params *params, struct arena *arena, int64_t **ret_ids,
                    size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = keep ? db_exec(scope->db, stmt, params, &rows)
             : db_exec_planned(scope->db, stmt, params, &rows);
    if (r)
        return r;
    *ret_ids = db_i64_array(&rows, 0, 0, arena, ret_count);
    return 0;
}

static struct q_search_key read_key(const struct db_rows *rows, int row, enum q_search_kind kind,
                                    struct arena *arena)
{
    struct q_search_key key = {.is = true};

    if (kind == Q_SEARCH_NUMBER)
        key.number = db_f64(rows, row, 1);
    else if (kind == Q_SEARCH_TIME)
        key.time_us = db_i64(rows, row, 1);
    else
        key.text = arena_strdup(arena, db_text(rows, row, 1));
    return key;
}

/* source  NULL: there are no keys */
static int read_hits(const struct q_search_scope *scope, const struct db_stmt *stmt,
                     const struct q_search_source *source, const struct db_params *params,
                     struct arena *arena, struct q_search_hit **ret_hits, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = db_exec(scope->db, stmt, params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_hits = arena_array(arena, *ret_count, sizeof(**ret_hits));
    for (int i = 0; i < rows.count; i++) {
        (*ret_hits)[i].id = db_i64(&rows, i, 0);
        if (source)
            (*ret_hits)[i].key = read_key(&rows, i, source->kind, arena);
    }
    return 0;
}

/* Whether one plan is good for all values. */
static bool has_one_plan(const struct q_search_term *term)
{
    return term->form != Q_SEARCH_LIKE && !term->source->skewed;
}

/* ---- statements --------------------------------------------------------------------------- */

int q_search_list(const struct q_search_scope *scope, const struct q_search_term *term,
                  int64_t limit, struct arena *arena, int64_t **ret_ids, size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64(&params, limit);
    add_values(&params, term, arena);
    return read_ids(scope, &term->source->lists[term->form], has_one_plan(term), &params, arena,
                    ret_ids, ret_count);
}

int q_search_test(const struct q_search_scope *scope, const struct q_search_term *term,
                  const int64_t *ids, size_t count, struct arena *arena, int64_t **ret_ids,
                  size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64_array(&params, arena, ids, count);
    add_values(&params, term, arena);
    return read_ids(scope, &term->source->tests[term->form], has_one_plan(term), &params, arena,
                    ret_ids, ret_count);
}

int q_search_in_use(const struct q_search_scope *scope, const int64_t *ids, size_t count,
                    struct arena *arena, int64_t **ret_ids, size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64_array(&params, arena, ids, count);
    return read_ids(scope, &q_search_source_base(scope->of)->in_use, true, &params, arena, ret_ids,
                    ret_count);
}

int q_search_keys(const struct q_search_scope *scope, const struct q_search_order *order,
                  const int64_t *ids, size_t count, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64_array(&params, arena, ids, count);
    add_place(&params, order->source, order->key, order->dataset);
    return read_hits(scope, &order->source->keys, order->source, &params, arena, ret_hits,
                     ret_count);
}

int q_search_walk(const struct q_search_scope *scope, const struct q_search_order *order,
                  const struct q_search_hit *behind, int64_t limit, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64(&params, limit);
    add_place(&params, order->source, order->key, order->dataset);
    if (behind)
        add_hit(&params, order->source->kind, behind);
    return read_hits(scope, &order->source->walks[order->descending][behind != NULL], order->source,
                     &params, arena, ret_hits, ret_count);
}

int q_search_by_age(const struct q_search_scope *scope, bool descending, int64_t behind,
                    int64_t limit, struct arena *arena, struct q_search_hit **ret_hits,
                    size_t *ret_count)
{
    struct db_params params = {0};

    db_add_i64(&params, scope->workspace_id);
    db_add_i64(&params, limit);
    db_add_i64(&params, behind);
    return read_hits(scope, &q_search_source_base(scope->of)->walks[descending], NULL, &params,
                     arena, ret_hits, ret_count);
}

int q_search_settle(struct db *db)
{
    /* A limit makes a plan that is kept believe that what it looks for is everywhere. */
    return db_exec_script(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                              "SET LOCAL enable_seqscan = off");
}
