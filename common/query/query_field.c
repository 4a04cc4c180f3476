/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query_field.h"

#include <string.h>

#define TEXTS (QUERY_EQUAL | QUERY_ORDER | QUERY_PATTERN)
#define NAMES (QUERY_EQUAL | QUERY_PATTERN)

const struct query_field query_field_table[QUERY_FIELDS] = {
  /* clang-format off */
    [QUERY_MODEL] = {"model", "name", QUERY_TEXT, TEXTS, .models = true, .example = "model like 'box-*'"},
    [QUERY_VERSION] = {"version", NULL, QUERY_TEXT, NAMES, .example = "version like '2.*'"},
    [QUERY_STATE] = {"state", NULL, QUERY_WORD, QUERY_EQUAL, .models = true, .example = "state = archived"},
    [QUERY_CREATED] = {"created", NULL, QUERY_TIME, QUERY_ORDER, .models = true, .example = "created >= 2026-11-01"},
    [QUERY_PUBLISHED] = {"published", NULL, QUERY_TIME, QUERY_ORDER, .example = "published >= 2026-11-01"},
    [QUERY_CREATED_BY] = {"created_by", NULL, QUERY_TEXT, TEXTS, .models = true, .example = "created_by = 'ci'"},
    [QUERY_TAG] = {"tags", "tag", QUERY_TEXT, TEXTS | QUERY_PRESENT, true, .models = true, .example = "tags.team = 'vision'"},
    [QUERY_PARAM] = {"params", "param", QUERY_EITHER, TEXTS | QUERY_PRESENT, true, .example = "params.epochs > 10"},
    [QUERY_METRIC] = {"metrics", "metric", QUERY_NUMBER, QUERY_EQUAL | QUERY_ORDER | QUERY_PRESENT, true, .example = "metrics.accuracy > 0.9"},
    [QUERY_ALIAS] = {"alias", "aliases", QUERY_TEXT, NAMES | QUERY_PRESENT, .models = true, .example = "alias = champion"},
    [QUERY_RUNTIME] = {"runtime", NULL, QUERY_TEXT, NAMES, .example = "runtime = onnx"},
    [QUERY_HARDWARE] = {"hardware", NULL, QUERY_TEXT, NAMES, .example = "hardware = cpu"},
    [QUERY_PRECISION] = {"precision", NULL, QUERY_TEXT, NAMES, .example = "precision in (int8, int4)"},
    [QUERY_VARIANT] = {"variant", NULL, QUERY_TEXT, NAMES, .example = "variant like 'onnx/*/int8'"},
    [QUERY_APPROVED_BY] = {"approved_by", NULL, QUERY_TEXT, NAMES | QUERY_PRESENT, .example = "approved_by = 'kim'"},
  /* clang-format on */
};

static bool is_word(const char *word, const char *name, size_t length)
{
    return word && strlen(word) == length && strncasecmp(word, name, length) == 0;
}

bool query_field_find(enum query_of of, const char *name, size_t length,
                      enum query_field_id *ret_field)
{
    for (int i = 0; i < QUERY_FIELDS; i++) {
        const struct query_field *field = &query_field_table[i];

        if (of == QUERY_MODELS && !field->models)
            continue;
        if (is_word(field->name, name, length) || is_word(field->other_name, name, length)) {
            *ret_field = (enum query_field_id)i;
            return true;
        }
    }
    return false;
}

const char *const *query_field_states(enum query_of of)
{
    static const char *const versions[] = {"draft", "published", "archived", "deleted", NULL};
    static const char *const models[] = {"active", "archived", NULL};

    return of == QUERY_MODELS ? models : versions;
}
