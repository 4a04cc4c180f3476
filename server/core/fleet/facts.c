/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/facts.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int facts_attributes_text(const struct fields_pair *pairs, size_t count, struct arena *arena,
                          const char **ret_text)
{
    json_auto_t *object = fields_pairs_to_json(pairs, count);
    AUTO_FREE char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write attributes: out of memory");
    *ret_text = arena_strdup(arena, text);
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *facts_capabilities_text(const struct variant_capability *capabilities, size_t count,
                                    struct arena *arena)
{
    const char **texts = arena_array(arena, count, sizeof(*texts));
    size_t size = 1;
    char *joined;
    char *at;

    for (size_t i = 0; i < count; i++) {
        texts[i] = arena_printf(arena, "%s/%s", capabilities[i].runtime, capabilities[i].hardware);
        size += strlen(texts[i]) + 1;
    }
    qsort(texts, count, sizeof(*texts), compare_texts);
    joined = arena_alloc(arena, size);
    at = joined;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(texts[i], texts[i - 1]) == 0)
            continue;
        if (at != joined)
            *at++ = ',';
        at = stpcpy(at, texts[i]);
    }
    return joined;
}

struct variant_capability *facts_capabilities_parse(const char *text, struct arena *arena,
                                                    size_t *ret_count)
{
    struct variant_capability *capabilities;
    char *copy = arena_strdup(arena, text);
    char *save = NULL;
    size_t commas = 0;
    size_t count = 0;

    for (const char *c = text; *c; c++)
        commas += *c == ',';
    capabilities = arena_array(arena, commas + 1, sizeof(*capabilities));
    for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
        char *slash = strchr(part, '/');

        if (!slash)
            continue;
        *slash = '\0';
        capabilities[count++] = (struct variant_capability){part, slash + 1};
    }
    *ret_count = count;
    return capabilities;
}
