/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search_source.h"

#define BYTES " COLLATE \"C\""

/* What most of them have in common: one table, called t. */
#define OF(table, id_) .from = table " t", .id = "t." id_, .workspace = "t.workspace_id"

static const struct q_search_source versions[QUERY_FIELDS] = {
    [QUERY_MODEL] = {.from = "version_state t JOIN model m ON m.id = t.model_id",
                     .id = "t.version_id",
                     .workspace = "m.workspace_id",
                     .value = "m.name"                                                                                                                                                                                 },
    [QUERY_VERSION] = {OF("model_version",                                          "id"),                                 .value = "t.version"                        },
    [QUERY_STATE] = {OF("version_state",                                              "version_id"),                   .value = "t.status"                                            },
    [QUERY_CREATED] = {OF("version_state",                                    "version_id"),                                                                              .value = "t.created_at",
                     .kind = Q_SEARCH_TIME,                                                 .walks = true},
    [QUERY_PUBLISHED] = {OF("version_state",                                              "version_id"), .where = "t.published_at IS NOT NULL",
                     .value = "t.published_at",                                .kind = Q_SEARCH_TIME, .walks = true},
    [QUERY_CREATED_BY] = {OF("model_version",                                                           "id"),                                                                               .value = "t.created_by" BYTES                                                           },
    [QUERY_TAG] = {OF("version_tag",                                            "version_id"),                         .key = "t.key",                               .value = "t.value" BYTES,
                     .walks = true},
    [QUERY_PARAM] = {OF("version_param",                                                           "version_id"),                                                                               .key = "t.name",                                                    .value = "t.value" BYTES                                                                                                                   },
    [QUERY_METRIC] = {OF("version_metric",                                                           "version_id"),                                                                              .where = "t.main",                                                   .key = "t.name",
                     .value = "t.value", .kind = Q_SEARCH_NUMBER, .walks = true},
    [QUERY_ALIAS] = {OF("alias",                                          "version_id"),                                                        .where = "t.version_id IS NOT NULL",
                     .value = "t.name"                        },
    [QUERY_RUNTIME] = {OF("variant",     "version_id"),.value = "t.runtime"                                                                                                                               },
    [QUERY_HARDWARE] = {OF("variant",                                          "version_id"),                                                                                                            .value = "t.hardware"                        },
    [QUERY_PRECISION] = {OF("variant",                                      "version_id"),.value = "t.precision"},
    [QUERY_VARIANT] = {OF("variant",                                                           "version_id"),
                     .value = "(t.runtime || '/' || t.hardware || '/' || t.precision)" BYTES                                                                                 },
    [QUERY_APPROVED_BY] = {OF("approval",                                               "version_id"),                         .where = "t.withdrawn_at IS NULL",
                     .value = "t.approved_by" BYTES      },
};

static const struct q_search_source param_number = {
    OF("version_param", "version_id"),
    .where = "t.number IS NOT NULL",
    .key = "t.name",
    .value = "t.number",
    .kind = Q_SEARCH_NUMBER,
    .walks = true,
};

static const struct q_search_source metric_on_dataset = {
    OF("version_metric", "version_id"),
    .where = "t.dataset <> ''",
    .key = "t.name",
    .dataset = "t.dataset",
    .value = "t.value",
    .kind = Q_SEARCH_NUMBER,
    .walks = true,
};

static const struct q_search_source models[QUERY_FIELDS] = {
    [QUERY_MODEL] = {OF("model",   "id"),                               .value = "t.name",             .walks = true},
    [QUERY_STATE] = {OF("model",   "id"),
                     .value =
                         "(CASE WHEN t.archived_at IS NULL THEN 'active' ELSE 'archived' END)"       },
    [QUERY_CREATED] = {OF("model",       "id"),             .value = "t.created_at",         .kind = Q_SEARCH_TIME,
                     .walks = true},
    [QUERY_CREATED_BY] = {OF("model",   "id"),                               .value = "t.created_by" BYTES},
    [QUERY_TAG] = {OF("model_tag", "model_id"),                      .key = "t.key",      .value = "t.value" BYTES                                                                                  },
    [QUERY_ALIAS] = {OF("alias", "model_id"), .where = "t.version_id IS NOT NULL",
                     .value = "t.name"             },
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

const struct q_search_source_base *q_search_source_base(enum query_of of)
{
    static const struct q_search_source_base bases[] = {
        [QUERY_VERSIONS] = {"version_state s", "s.version_id", "s.workspace_id",
                            "s.status IN ('draft', 'published')"                                        },
        [QUERY_MODELS] = {"model s",         "s.id",         "s.workspace_id", "s.archived_at IS NULL"},
    };

    return &bases[of];
}
