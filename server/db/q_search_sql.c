/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search_sql.h"

#include <assert.h>
#include <string.h>

/* ---- parameters --------------------------------------------------------------------------- */

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

static int bind_text(struct q_search_sql *sql, const char *text)
{
    db_add_text(&sql->params, text);
    return sql->params.count;
}

/* Values of one condition: always an array where it is a list, of texts that SQL casts. */
static int bind_values(struct q_search_sql *sql, const struct query_node *node,
                       enum q_search_kind kind, struct arena *arena)
{
    const struct query_value *value = &node->values[0];

    if (node->op == QUERY_IN) {
        const char **texts = arena_array(arena, node->value_count, sizeof(*texts));

        for (size_t i = 0; i < node->value_count; i++)
            texts[i] = kind == Q_SEARCH_NUMBER
                           ? arena_printf(arena, "%.17g", node->values[i].number)
                           : node->values[i].text;
        db_add_text_array(&sql->params, arena, texts, node->value_count);
    } else if (kind == Q_SEARCH_NUMBER) {
        db_add_f64(&sql->params, value->number);
    } else if (kind == Q_SEARCH_TIME) {
        db_add_i64(&sql->params, value->time_ms);
    } else {
        db_add_text(&sql->params,
                    node->op == QUERY_LIKE ? pattern_of(value->text, arena) : value->text);
    }
    return sql->params.count;
}

static bool all_numbers(const struct query_node *node)
{
    for (size_t i = 0; i < node->value_count; i++) {
        if (!node->values[i].is_number)
            return false;
    }
    return node->value_count > 0;
}

static void bind_term(struct q_search_sql *sql, const struct query_node *node, struct arena *arena)
{
    struct q_search_term *term = &sql->terms[sql->term_count++];

    *term = (struct q_search_term){
        .node = node,
        .source = q_search_source(sql->of, &node->ref, all_numbers(node)),
        .count = Q_SEARCH_UNKNOWN,
    };
    sql->says_state |= node->ref.field == QUERY_STATE;
    if (term->source->key)
        term->key = bind_text(sql, node->ref.key);
    if (term->source->dataset)
        term->dataset = bind_text(sql, node->ref.dataset);
    if (node->value_count > 0)
        term->value = bind_values(sql, node, term->source->kind, arena);
}

/* As deep as the query, which is bounded. NOLINTNEXTLINE(misc-no-recursion) */
static void bind_terms(struct q_search_sql *sql, const struct query_node *node, struct arena *arena)
{
    if (node->kind == QUERY_TERM) {
        assert(sql->term_count < QUERY_TERMS_MAX);
        bind_term(sql, node, arena);
    }
    for (size_t i = 0; i < node->child_count; i++)
        bind_terms(sql, node->children[i], arena);
}

void q_search_sql_init(struct q_search_sql *sql, enum query_of of, int64_t workspace_id,
                       const struct query_node *query, const struct query_order *order,
                       const struct q_search_after *after, int64_t limit, struct arena *arena)
{
    *sql = (struct q_search_sql){.query = query, .order = order, .of = of};
    db_add_i64(&sql->params, workspace_id);
    db_add_i64(&sql->params, limit);
    sql->limit = sql->params.count;
    if (query)
        bind_terms(sql, query, arena);
    if (!order->by_age) {
        sql->key = q_search_source(of, &order->ref, true);
        sql->key_key = sql->key->key ? bind_text(sql, order->ref.key) : 0;
        sql->key_dataset = sql->key->dataset ? bind_text(sql, order->ref.dataset) : 0;
    }
    if (after->id == 0)
        return;
    db_add_i64(&sql->params, after->id);
    sql->after_id = sql->params.count;
    sql->after_key = after->key ? bind_text(sql, after->key) : 0;
}

/* ---- conditions --------------------------------------------------------------------------- */

static const char *const types[] = {
    [Q_SEARCH_TEXT] = "text",
    [Q_SEARCH_NUMBER] = "double precision",
};

static void put_value(const struct q_search_term *term, struct buffer *buffer)
{
    static const char *const signs[] = {
        [QUERY_EQ] = "=", [QUERY_NE] = "=",  [QUERY_LT] = "<",      [QUERY_LE] = "<=",
        [QUERY_GT] = ">", [QUERY_GE] = ">=", [QUERY_LIKE] = "LIKE",
    };
    enum query_op op = term->node->op;
    enum q_search_kind kind = term->source->kind;

    if (op == QUERY_EXISTS)
        return;
    buffer_printf(buffer, " AND %s ", term->source->value);
    if (op == QUERY_IN)
        buffer_printf(buffer, "= ANY ($%d::text[]%s)", term->value,
                      kind == Q_SEARCH_NUMBER ? "::double precision[]" : "");
    else if (kind == Q_SEARCH_TIME)
        buffer_printf(buffer, "%s at_ms($%d::bigint)", signs[op], term->value);
    else
        buffer_printf(buffer, "%s $%d::%s", signs[op], term->value, types[kind]);
}

/* The rows of a source that are of this workspace and key. */
static void put_rows(const struct q_search_source *source, int key, int dataset,
                     struct buffer *buffer)
{
    buffer_printf(buffer, " FROM %s WHERE %s = $1::bigint", source->from, source->workspace);
    if (source->where)
        buffer_printf(buffer, " AND %s", source->where);
    if (source->key)
        buffer_printf(buffer, " AND %s = $%d::text", source->key, key);
    if (source->dataset)
        buffer_printf(buffer, " AND %s = $%d::text", source->dataset, dataset);
}

static void put_term_rows(const struct q_search_term *term, struct buffer *buffer)
{
    put_rows(term->source, term->key, term->dataset, buffer);
    put_value(term, buffer);
}

static struct q_search_term *term_of(const struct q_search_sql *sql, const struct query_node *node)
{
    for (size_t i = 0; i < sql->term_count; i++) {
        if (sql->terms[i].node == node)
            return (struct q_search_term *)(uintptr_t)&sql->terms[i];
    }
    assert(false);
    return NULL;
}

/* What matches can be listed without looking at what does not. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool can_list(const struct query_node *node)
{
    size_t listed = 0;

    if (node->kind == QUERY_TERM)
        return node->op != QUERY_NE;
    if (node->kind == QUERY_NOT)
        return false;
    for (size_t i = 0; i < node->child_count; i++)
        listed += can_list(node->children[i]);
    return node->kind == QUERY_OR ? listed == node->child_count : listed > 0;
}

/* At most how much matches. NOLINTNEXTLINE(misc-no-recursion) */
static int64_t count_of(const struct q_search_sql *sql, const struct query_node *node)
{
    int64_t result = node->kind == QUERY_OR ? 0 : Q_SEARCH_UNKNOWN;

    if (!can_list(node))
        return Q_SEARCH_UNKNOWN;
    if (node->kind == QUERY_TERM)
        return term_of(sql, node)->count;
    for (size_t i = 0; i < node->child_count; i++) {
        int64_t count = count_of(sql, node->children[i]);

        if (node->kind == QUERY_AND)
            result = count < result ? count : result;
        else
            result = count > Q_SEARCH_FEW ? Q_SEARCH_UNKNOWN : result + count;
        if (node->kind == QUERY_OR && result > Q_SEARCH_FEW)
            return Q_SEARCH_UNKNOWN;
    }
    return result;
}

static void put_set(const struct q_search_sql *sql, const struct query_node *node,
                    struct buffer *buffer);

/* Whether what has this id matches. NOLINTNEXTLINE(misc-no-recursion) */
static void put_condition(const struct q_search_sql *sql, const struct query_node *node,
                          const char *id, struct buffer *buffer)
{
    const struct q_search_term *term;

    switch (node->kind) {
    case QUERY_TERM:
        term = term_of(sql, node);
        buffer_printf(buffer, "%sEXISTS (SELECT 1", node->op == QUERY_NE ? "NOT " : "");
        put_term_rows(term, buffer);
        buffer_printf(buffer, " AND %s = %s)", term->source->id, id);
        return;
    case QUERY_NOT:
        buffer_append_text(buffer, "NOT ");
        put_condition(sql, node->children[0], id, buffer);
        return;
    case QUERY_OR:
        if (can_list(node)) {
            buffer_printf(buffer, "%s IN (", id);
            put_set(sql, node, buffer);
            buffer_append_char(buffer, ')');
            return;
        }
        break;
    case QUERY_AND:
        break;
    }
    for (size_t i = 0; i < node->child_count; i++) {
        buffer_append_text(buffer, i == 0 ? "(" : node->kind == QUERY_OR ? " OR " : " AND ");
        put_condition(sql, node->children[i], id, buffer);
    }
    buffer_append_char(buffer, ')');
}

/* The part of an AND with which to begin: the one that matches least. */
static size_t first_of(const struct q_search_sql *sql, const struct query_node *node)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < node->child_count; i++) {
        if (!can_list(node->children[i]))
            continue;
        if (best == SIZE_MAX ||
            count_of(sql, node->children[i]) < count_of(sql, node->children[best]))
            best = i;
    }
    assert(best != SIZE_MAX);
    return best;
}

/* The ids of all that match; can_list(). NOLINTNEXTLINE(misc-no-recursion) */
static void put_set(const struct q_search_sql *sql, const struct query_node *node,
                    struct buffer *buffer)
{
    if (node->kind == QUERY_TERM) {
        const struct q_search_term *term = term_of(sql, node);

        buffer_printf(buffer, "SELECT %s AS id", term->source->id);
        put_term_rows(term, buffer);
        return;
    }
    if (node->kind == QUERY_OR) {
        for (size_t i = 0; i < node->child_count; i++) {
            buffer_append_text(buffer, i > 0 ? " UNION ALL " : "");
            put_set(sql, node->children[i], buffer);
        }
        return;
    }
    size_t first = first_of(sql, node);

    buffer_append_text(buffer, "SELECT q.id FROM (");
    put_set(sql, node->children[first], buffer);
    buffer_append_text(buffer, ") q WHERE true");
    for (size_t i = 0; i < node->child_count; i++) {
        if (i == first)
            continue;
        buffer_append_text(buffer, " AND ");
        put_condition(sql, node->children[i], "q.id", buffer);
    }
}

/* ---- how many ----------------------------------------------------------------------------- */

/* One that begins with anything is no use of an index. */
static bool can_count(const struct query_node *node)
{
    return can_list(node) && !(node->op == QUERY_LIKE && strchr("*?", node->values[0].text[0]));
}

bool q_search_sql_counts(struct q_search_sql *sql, struct buffer *buffer)
{
    bool any = false;

    for (size_t i = 0; i < sql->term_count; i++) {
        buffer_append_text(buffer, i > 0 ? ", " : "SELECT ");
        if (!can_count(sql->terms[i].node)) {
            buffer_append_text(buffer, "NULL::bigint");
            continue;
        }
        any = true;
        buffer_append_text(buffer, "(SELECT count(*) FROM (SELECT 1");
        put_term_rows(&sql->terms[i], buffer);
        buffer_printf(buffer, " LIMIT %d) c)", Q_SEARCH_FEW + 1);
    }
    return any;
}

void q_search_sql_take_count(struct q_search_sql *sql, size_t column, int64_t count)
{
    sql->terms[column].count = count > Q_SEARCH_FEW ? Q_SEARCH_UNKNOWN : count;
}

bool q_search_sql_is_few(const struct q_search_sql *sql)
{
    return sql->query && count_of(sql, sql->query) <= Q_SEARCH_FEW;
}

/* ---- order -------------------------------------------------------------------------------- */

static const char *direction(const struct q_search_sql *sql)
{
    return sql->order->descending ? "DESC" : "ASC";
}

static void put_after_key(const struct q_search_sql *sql, struct buffer *buffer)
{
    static const char *const casts[] = {
        [Q_SEARCH_TEXT] = "::text COLLATE \"C\"",
        [Q_SEARCH_NUMBER] = "::text::double precision",
        [Q_SEARCH_TIME] = "::text::timestamptz",
    };

    buffer_printf(buffer, "$%d%s", sql->after_key, casts[sql->key->kind]);
}

/* " AND ..." : what comes behind the cursor, where there is a key. */
static void put_behind(const struct q_search_sql *sql, const char *key, const char *id,
                       struct buffer *buffer)
{
    const char *sign = sql->order->descending ? "<" : ">";

    buffer_printf(buffer, " AND (%s, %s) %s (", key, id, sign);
    put_after_key(sql, buffer);
    buffer_printf(buffer, ", $%d::bigint)", sql->after_id);
}

/* What the cursor of a page holds. */
static void put_key_text(const struct q_search_sql *sql, const char *key, struct buffer *buffer)
{
    if (!sql->key)
        buffer_append_text(buffer, "NULL::text");
    else if (sql->key->kind == Q_SEARCH_TIME)
        buffer_printf(buffer, "to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
                      key);
    else
        buffer_printf(buffer, "%s::text", key);
}

static void put_order(const struct q_search_sql *sql, struct buffer *buffer)
{
    if (sql->key)
        buffer_printf(buffer, " ORDER BY x.key %s NULLS LAST, x.id %s", direction(sql),
                      direction(sql));
    else
        buffer_append_text(buffer, " ORDER BY x.id DESC");
    buffer_printf(buffer, " LIMIT $%d::bigint", sql->limit);
}

/* The key of what has the id: the least of its values. */
static void put_key_of(const struct q_search_sql *sql, const char *id, struct buffer *buffer)
{
    if (!sql->key) {
        buffer_append_text(buffer, "NULL::text");
        return;
    }
    buffer_printf(buffer, "(SELECT min(%s)", sql->key->value);
    put_rows(sql->key, sql->key_key, sql->key_dataset, buffer);
    buffer_printf(buffer, " AND %s = %s)", sql->key->id, id);
}

/* Where the ids are a relation called f: no source has a table of that name. */
static void put_sorted(const struct q_search_sql *sql, struct buffer *buffer)
{
    buffer_append_text(buffer, " SELECT x.id, ");
    put_key_text(sql, "x.key", buffer);
    buffer_append_text(buffer, " FROM (SELECT f.id, ");
    put_key_of(sql, "f.id", buffer);
    buffer_append_text(buffer, " AS key FROM f) x WHERE true");
    if (sql->after_id && !sql->key) {
        buffer_printf(buffer, " AND x.id < $%d::bigint", sql->after_id);
    } else if (sql->after_id && sql->after_key) {
        buffer_append_text(buffer, " AND (x.key IS NULL OR (true");
        put_behind(sql, "x.key", "x.id", buffer);
        buffer_append_text(buffer, "))");
    } else if (sql->after_id) {
        buffer_printf(buffer, " AND x.key IS NULL AND x.id %s $%d::bigint",
                      sql->order->descending ? "<" : ">", sql->after_id);
    }
    put_order(sql, buffer);
}

/* ---- statements --------------------------------------------------------------------------- */

static void put_base(const struct q_search_sql *sql, struct buffer *buffer)
{
    const struct q_search_source_base *base = q_search_source_base(sql->of);

    buffer_printf(buffer, "SELECT %s AS id FROM %s WHERE %s = $1::bigint", base->id, base->from,
                  base->workspace);
    if (!sql->says_state)
        buffer_printf(buffer, " AND %s", base->in_use);
}

void q_search_sql_few(struct q_search_sql *sql, struct buffer *buffer)
{
    buffer_append_text(buffer, "WITH f AS MATERIALIZED (");
    put_base(sql, buffer);
    buffer_printf(buffer, " AND %s = ANY (ARRAY(", q_search_source_base(sql->of)->id);
    put_set(sql, sql->query, buffer);
    buffer_append_text(buffer, ")))");
    put_sorted(sql, buffer);
}

bool q_search_sql_walks(const struct q_search_sql *sql)
{
    if (sql->key && sql->after_id && !sql->after_key)
        return false;
    return !sql->key || sql->key->walks;
}

/* A window on the index of the order, from the cursor on. */
static void put_window(const struct q_search_sql *sql, struct buffer *buffer)
{
    const struct q_search_source_base *base = q_search_source_base(sql->of);

    if (!sql->key) {
        buffer_printf(buffer, "SELECT %s AS id, NULL::text AS key FROM %s WHERE %s = $1::bigint",
                      base->id, base->from, base->workspace);
        if (sql->after_id)
            buffer_printf(buffer, " AND %s < $%d::bigint", base->id, sql->after_id);
        buffer_printf(buffer, " ORDER BY %s DESC", base->id);
    } else {
        buffer_printf(buffer, "SELECT %s AS id, %s AS key", sql->key->id, sql->key->value);
        put_rows(sql->key, sql->key_key, sql->key_dataset, buffer);
        if (sql->after_id)
            put_behind(sql, sql->key->value, sql->key->id, buffer);
        buffer_printf(buffer, " ORDER BY %s %s, %s %s", sql->key->value, direction(sql),
                      sql->key->id, direction(sql));
    }
    buffer_printf(buffer, " LIMIT %d", Q_SEARCH_WINDOW);
}

void q_search_sql_walk(struct q_search_sql *sql, struct buffer *buffer)
{
    const struct q_search_source_base *base = q_search_source_base(sql->of);

    buffer_append_text(buffer, "SELECT x.id, ");
    put_key_text(sql, "x.key", buffer);
    buffer_append_text(buffer, " FROM (");
    put_window(sql, buffer);
    buffer_append_text(buffer, ") x WHERE true");
    if (!sql->says_state)
        buffer_printf(buffer, " AND EXISTS (SELECT 1 FROM %s WHERE %s = x.id AND %s)", base->from,
                      base->id, base->in_use);
    if (sql->query) {
        buffer_append_text(buffer, " AND ");
        put_condition(sql, sql->query, "x.id", buffer);
    }
    put_order(sql, buffer);
}

void q_search_sql_all(struct q_search_sql *sql, struct buffer *buffer)
{
    buffer_append_text(buffer, "WITH f AS MATERIALIZED (");
    put_base(sql, buffer);
    if (sql->query) {
        buffer_append_text(buffer, " AND ");
        put_condition(sql, sql->query, q_search_source_base(sql->of)->id, buffer);
    }
    buffer_append_char(buffer, ')');
    put_sorted(sql, buffer);
}
