/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_facets.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *make(const char *base, const char *name, const char *ending)
{
    char schema[256];

    (void)snprintf(schema, sizeof(schema), "%s%s%s", base, name, ending);
    return json_pack("{s:s, s:s}", "_producer", RUN_FACETS_PRODUCER, "_schemaURL", schema);
}

json_t *run_facets_new(const char *name)
{
    return make("https://modelferry.dev/lineage/1/", name, ".json");
}

json_t *run_facets_standard(const char *schema)
{
    return make("https://openlineage.io/spec/facets/", schema, "");
}

json_t *run_facets_text(const char *text)
{
    size_t left = strlen(text);
    AUTO_FREE char *clean = malloc(left + 1);
    char *at = clean;

    if (!clean)
        return NULL;
    while (left > 0) {
        size_t size = utf8_sequence((const unsigned char *)text, left);

        if (size == 0)
            *at++ = '?';
        else
            at = (char *)memcpy(at, text, size) + size;
        text += size ? size : 1;
        left -= size ? size : 1;
    }
    *at = '\0';
    return json_string(clean);
}

const char *run_facets_name(struct arena *arena, const char *bytes)
{
    size_t left = strlen(bytes);
    char *name = arena_alloc(arena, 3 * left + 1);
    char *at = name;

    while (left > 0) {
        size_t size = utf8_sequence((const unsigned char *)bytes, left);

        if (size == 0)
            at += snprintf(at, 4, "%%%02X", (unsigned char)*bytes);
        else
            at = (char *)memcpy(at, bytes, size) + size;
        bytes += size ? size : 1;
        left -= size ? size : 1;
    }
    *at = '\0';
    return name;
}
