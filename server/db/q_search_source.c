/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search_source.h"

/*
 * All statements of all fields, put together by the compiler. A source is NAME, a relation FROM
 * whose alias is t, the ID of what is found, ROWS of the workspace and key, a VALUE, and the
 * numbers of the first two parameters behind those of ROWS.
 */

#define LIST(NAME, FROM, ID, ROWS, HOLDS)                                                          \
    {                                                                                              \
        "q_search_list_" NAME, "SELECT array_agg(q.id) FROM (SELECT " ID " AS id FROM " FROM       \
                               " WHERE " ROWS " AND " HOLDS " LIMIT $2::bigint) q"                 \
    }
/* By the id, whatever the planner thinks of a condition whose value it does not know. */
#define TEST(NAME, FROM, ID, ROWS, HOLDS)                                                          \
    {                                                                                              \
        "q_search_test_" NAME,                                                                     \
            "SELECT array_agg(h.id) FROM unnest($2::bigint[]) AS h (id) WHERE EXISTS (SELECT 1"    \
            " FROM " FROM " WHERE " ROWS " AND " ID " = h.id AND " HOLDS " OFFSET 0)"              \
    }
#define BOTH(FORM, ...) .lists[FORM] = LIST(__VA_ARGS__), .tests[FORM] = TEST(__VA_ARGS__)

#define IN(NAME, FROM, ID, ROWS, VALUE, P)                                                         \
    BOTH(Q_SEARCH_IN, NAME "_in", FROM, ID, ROWS, VALUE " = ANY (" P "::text[])")
#define LIKE(NAME, FROM, ID, ROWS, VALUE, P)                                                       \
    BOTH(Q_SEARCH_LIKE, NAME "_like", FROM, ID, ROWS, VALUE " LIKE " P "::text")
#define RANGES(NAME, FROM, ID, ROWS, VALUE, P)                                                     \
    BOTH(Q_SEARCH_FROM, NAME "_from", FROM, ID, ROWS, VALUE " >= " P "::text"),                    \
        BOTH(Q_SEARCH_BELOW, NAME "_below", FROM, ID, ROWS, VALUE " < " P "::text")
#define NUMBERS(NAME, FROM, ID, ROWS, VALUE, P, Q)                                                 \
    BOTH(Q_SEARCH_IN, NAME "_in", FROM, ID, ROWS,                                                  \
         VALUE " = ANY (" P "::text[]::double precision[])"),                                      \
        BOTH(Q_SEARCH_BETWEEN, NAME "_between", FROM, ID, ROWS,                                    \
             VALUE " BETWEEN " P "::double precision AND " Q "::double precision")
#define TIMES(NAME, FROM, ID, ROWS, VALUE, P, Q)                                                   \
    BOTH(Q_SEARCH_BETWEEN, NAME "_between", FROM, ID, ROWS,                                        \
         VALUE " BETWEEN " P "::timestamptz AND " Q "::timestamptz")

#define KEYS(NAME, FROM, ID, ROWS, VALUE)                                                          \
    .keys = {"q_search_keys_" NAME, "SELECT " ID ", min(" VALUE ") FROM " FROM " WHERE " ROWS      \
                                    " AND " ID " = ANY ($2::bigint[]) GROUP BY " ID}

/* One value each, and an index that gives them in their order. */
#define STEP(NAME, FROM, ID, ROWS, VALUE, BEHIND, WAY)                                             \
    {                                                                                              \
        "q_search_walk_" NAME, "SELECT " ID ", " VALUE " FROM " FROM " WHERE " ROWS BEHIND         \
                               " ORDER BY " VALUE " " WAY ", " ID " " WAY " LIMIT $2::bigint"      \
    }
#define WALKS(NAME, FROM, ID, ROWS, VALUE, P, Q, TYPE)                                             \
    KEYS(NAME, FROM, ID, ROWS, VALUE),                                                             \
        .walks[0][0] = STEP(NAME "_up", FROM, ID, ROWS, VALUE, "", "ASC"),                         \
        .walks[0][1] = STEP(NAME "_up_on", FROM, ID, ROWS, VALUE,                                  \
                            " AND (" VALUE ", " ID ") > (" P "::" TYPE ", " Q "::bigint)", "ASC"), \
        .walks[1][0] = STEP(NAME "_down", FROM, ID, ROWS, VALUE, "", "DESC"),                      \
        .walks[1][1] = STEP(NAME "_down_on", FROM, ID, ROWS, VALUE,                                \
                            " AND (" VALUE ", " ID ") < (" P "::" TYPE ", " Q "::bigint)", "DESC")

/* Several values each, of which the least counts. */
#define LEAP(NAME, FROM, ID, ROWS, VALUE, BEHIND, WAY)                                             \
    {                                                                                              \
        "q_search_walk_" NAME, "SELECT q.id, q.key FROM (SELECT " ID " AS id, min(" VALUE          \
                               ") AS key FROM " FROM " WHERE " ROWS " GROUP BY " ID ") q" BEHIND   \
                               " ORDER BY q.key " WAY ", q.id " WAY " LIMIT $2::bigint"            \
    }
#define LEAPS(NAME, FROM, ID, ROWS, VALUE, P, Q)                                                   \
    KEYS(NAME, FROM, ID, ROWS, VALUE),                                                             \
        .walks[0][0] = LEAP(NAME "_up", FROM, ID, ROWS, VALUE, "", "ASC"),                         \
        .walks[0][1] =                                                                             \
            LEAP(NAME "_up_on", FROM, ID, ROWS, VALUE,                                             \
                 " WHERE (q.key, q.id) > (" P "::text COLLATE \"C\", " Q "::bigint)", "ASC"),      \
        .walks[1][0] = LEAP(NAME "_down", FROM, ID, ROWS, VALUE, "", "DESC"),                      \
        .walks[1][1] =                                                                             \
            LEAP(NAME "_down_on", FROM, ID, ROWS, VALUE,                                           \
                 " WHERE (q.key, q.id) < (" P "::text COLLATE \"C\", " Q "::bigint)", "DESC")

#define BYTES(COLUMN) COLUMN " COLLATE \"C\""
#define C_TEXT "text COLLATE \"C\""

#define OURS "t.workspace_id = $1::bigint"
#define KEYED(COLUMN) OURS " AND t." COLUMN " = $3::text"

/* ---- of versions -------------------------------------------------------------------------- */

#define V_MODEL                                                                                    \
    "v_model", "version_state t JOIN model m ON m.id = t.model_id", "t.version_id",                \
        "m.workspace_id = $1::bigint", "m.name"
#define V_VERSION "v_version", "model_version t", "t.id", OURS, "t.version"
#define V_STATE "v_state", "version_state t", "t.version_id", OURS, "t.status"
#define V_CREATED "v_created", "version_state t", "t.version_id", OURS, "t.created_at"
#define V_PUBLISHED                                                                                \
    "v_published", "version_state t", "t.version_id", OURS " AND t.published_at IS NOT NULL",      \
        "t.published_at"
#define V_CREATED_BY "v_created_by", "model_version t", "t.id", OURS, BYTES("t.created_by")
#define V_TAG "v_tag", "version_tag t", "t.version_id", KEYED("key"), BYTES("t.value")
#define V_PARAM "v_param", "version_param t", "t.version_id", KEYED("name"), BYTES("t.value")
#define V_NUMBER                                                                                   \
    "v_number", "version_param t", "t.version_id", KEYED("name") " AND t.number IS NOT NULL",      \
        "t.number"
#define V_METRIC                                                                                   \
    "v_metric", "version_metric t", "t.version_id", KEYED("name") " AND t.main", "t.value"
#define V_MEASURED                                                                                 \
    "v_measured", "version_metric t", "t.version_id",                                              \
        KEYED("name") " AND t.dataset = $4::text AND t.dataset <> ''", "t.value"
#define V_ALIAS "v_alias", "alias t", "t.version_id", OURS " AND t.version_id IS NOT NULL", "t.name"
#define V_RUNTIME "v_runtime", "variant t", "t.version_id", OURS, "t.runtime"
#define V_HARDWARE "v_hardware", "variant t", "t.version_id", OURS, "t.hardware"
#define V_PRECISION "v_precision", "variant t", "t.version_id", OURS, "t.precision"
#define V_VARIANT                                                                                  \
    "v_variant", "variant t", "t.version_id", OURS,                                                \
        BYTES("(t.runtime || '/' || t.hardware || '/' || t.precision)")
#define V_APPROVED                                                                                 \
    "v_approved", "approval t", "t.version_id", OURS " AND t.withdrawn_at IS NULL",                \
        BYTES("t.approved_by")

/* A source as the first arguments of another macro: expanded before it is called. */
#define CALL(MACRO, ...) MACRO(__VA_ARGS__)
#define WORDS(SOURCE, P) CALL(IN, SOURCE, P), CALL(LIKE, SOURCE, P)
#define TEXTS(SOURCE, P) CALL(IN, SOURCE, P), CALL(LIKE, SOURCE, P), CALL(RANGES, SOURCE, P)

static const struct q_search_source versions[QUERY_FIELDS] = {
  /* clang-format off */
    [QUERY_MODEL] = {TEXTS(V_MODEL, "$3"), CALL(WALKS, V_MODEL, "$3", "$4", C_TEXT)},
    [QUERY_VERSION] = {WORDS(V_VERSION, "$3"), CALL(WALKS, V_VERSION, "$3", "$4", C_TEXT)},
    [QUERY_STATE] = {.skewed = true, CALL(IN, V_STATE, "$3"), CALL(LEAPS, V_STATE, "$3", "$4")},
    [QUERY_CREATED] = {.kind = Q_SEARCH_TIME, CALL(TIMES, V_CREATED, "$3", "$4"),
        CALL(WALKS, V_CREATED, "$3", "$4", "timestamptz")},
    [QUERY_PUBLISHED] = {.kind = Q_SEARCH_TIME, CALL(TIMES, V_PUBLISHED, "$3", "$4"),
        CALL(WALKS, V_PUBLISHED, "$3", "$4", "timestamptz")},
    [QUERY_CREATED_BY] = {TEXTS(V_CREATED_BY, "$3"), CALL(WALKS, V_CREATED_BY, "$3", "$4", C_TEXT)},
    [QUERY_TAG] = {.keyed = true, TEXTS(V_TAG, "$4"), CALL(WALKS, V_TAG, "$4", "$5", C_TEXT)},
    [QUERY_PARAM] = {.keyed = true, TEXTS(V_PARAM, "$4"), CALL(WALKS, V_PARAM, "$4", "$5", C_TEXT)},
    [QUERY_METRIC] = {.kind = Q_SEARCH_NUMBER, .keyed = true, CALL(NUMBERS, V_METRIC, "$4", "$5"),
        CALL(WALKS, V_METRIC, "$4", "$5", "double precision")},
    [QUERY_ALIAS] = {TEXTS(V_ALIAS, "$3"), CALL(LEAPS, V_ALIAS, "$3", "$4")},
    [QUERY_RUNTIME] = {WORDS(V_RUNTIME, "$3"), CALL(LEAPS, V_RUNTIME, "$3", "$4")},
    [QUERY_HARDWARE] = {WORDS(V_HARDWARE, "$3"), CALL(LEAPS, V_HARDWARE, "$3", "$4")},
    [QUERY_PRECISION] = {WORDS(V_PRECISION, "$3"), CALL(LEAPS, V_PRECISION, "$3", "$4")},
    [QUERY_VARIANT] = {WORDS(V_VARIANT, "$3"), CALL(LEAPS, V_VARIANT, "$3", "$4")},
    [QUERY_APPROVED_BY] = {TEXTS(V_APPROVED, "$3"), CALL(LEAPS, V_APPROVED, "$3", "$4")},
  /* clang-format on */
};

static const struct q_search_source param_number = {
    .kind = Q_SEARCH_NUMBER,
    .keyed = true,
    CALL(NUMBERS, V_NUMBER, "$4", "$5"),
    CALL(WALKS, V_NUMBER, "$4", "$5", "double precision"),
};

static const struct q_search_source metric_on_dataset = {
    .kind = Q_SEARCH_NUMBER,
    .keyed = true,
    .on_dataset = true,
    CALL(NUMBERS, V_MEASURED, "$5", "$6"),
    CALL(WALKS, V_MEASURED, "$5", "$6", "double precision"),
};

/* ---- of models ---------------------------------------------------------------------------- */

#define M_NAME "m_name", "model t", "t.id", OURS, "t.name"
#define M_STATE                                                                                    \
    "m_state", "model t", "t.id", OURS,                                                            \
        "(CASE WHEN t.archived_at IS NULL THEN 'active' ELSE 'archived' END)"
#define M_CREATED "m_created", "model t", "t.id", OURS, "t.created_at"
#define M_CREATED_BY "m_created_by", "model t", "t.id", OURS, BYTES("t.created_by")
#define M_TAG "m_tag", "model_tag t", "t.model_id", KEYED("key"), BYTES("t.value")
#define M_ALIAS "m_alias", "alias t", "t.model_id", OURS " AND t.version_id IS NOT NULL", "t.name"

static const struct q_search_source models[QUERY_FIELDS] = {
  /* clang-format off */
    [QUERY_MODEL] = {TEXTS(M_NAME, "$3"), CALL(WALKS, M_NAME, "$3", "$4", C_TEXT)},
    [QUERY_STATE] = {.skewed = true, CALL(IN, M_STATE, "$3"), CALL(LEAPS, M_STATE, "$3", "$4")},
    [QUERY_CREATED] = {.kind = Q_SEARCH_TIME, CALL(TIMES, M_CREATED, "$3", "$4"),
        CALL(WALKS, M_CREATED, "$3", "$4", "timestamptz")},
    [QUERY_CREATED_BY] = {TEXTS(M_CREATED_BY, "$3"), CALL(WALKS, M_CREATED_BY, "$3", "$4", C_TEXT)},
    [QUERY_TAG] = {.keyed = true, TEXTS(M_TAG, "$4"), CALL(WALKS, M_TAG, "$4", "$5", C_TEXT)},
    [QUERY_ALIAS] = {TEXTS(M_ALIAS, "$3"), CALL(LEAPS, M_ALIAS, "$3", "$4")},
  /* clang-format on */
};

const struct q_search_source *q_search_source(enum query_of of, const struct query_ref *ref,
                                              bool as_number)
{
    if (of == QUERY_MODELS)
        return &models[ref->field];
    if (ref->field == QUERY_PARAM && as_number)
        return &param_number;
    if (ref->dataset)
        return &metric_on_dataset;
    return &versions[ref->field];
}

/* ---- what is searched --------------------------------------------------------------------- */

#define AGE(NAME, FROM, ID, SIGN, WAY)                                                             \
    {                                                                                              \
        "q_search_walk_" NAME, "SELECT " ID " FROM " FROM " WHERE " OURS " AND " ID " " SIGN       \
                               " $3::bigint ORDER BY " ID " " WAY " LIMIT $2::bigint"              \
    }
#define AGES(NAME, FROM, ID)                                                                       \
    .walks[0] = AGE(NAME "_up", FROM, ID, ">", "ASC"),                                             \
    .walks[1] = AGE(NAME "_down", FROM, ID, "<", "DESC")
#define IN_USE(NAME, FROM, ID, HOLDS)                                                              \
    .in_use = {"q_search_in_use_" NAME, "SELECT array_agg(" ID ") FROM " FROM " WHERE " OURS       \
                                        " AND " ID " = ANY ($2::bigint[]) AND " HOLDS}

const struct q_search_source_base *q_search_source_base(enum query_of of)
{
    static const struct q_search_source_base bases[] = {
  /* clang-format off */
        [QUERY_VERSIONS] = {AGES("versions", "version_state t", "t.version_id"),
            IN_USE("versions", "version_state t", "t.version_id", "t.status IN ('draft', 'published')")},
        [QUERY_MODELS] = {AGES("models", "model t", "t.id"),
            IN_USE("models", "model t", "t.id", "t.archived_at IS NULL")},
  /* clang-format on */
    };

    return &bases[of];
}
