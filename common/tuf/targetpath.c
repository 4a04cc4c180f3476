/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/targetpath.h"

#include <string.h>

#define ENDING ".json"
/* In no part of a variant's name; no artifact's path has it either. */
#define JOINT '~'

const char *targetpath_role(struct arena *arena, const char *model)
{
    return arena_printf(arena, TARGETPATH_ROLE_PREFIX "%s", model);
}

void targetpath_patterns(struct arena *arena, const char *model,
                         const char *ret_patterns[static TARGETPATH_PATTERNS])
{
    ret_patterns[0] = arena_printf(arena, "%s/*/*", model);
    ret_patterns[1] = arena_printf(arena, "%s/*/*/*/*/*", model);
}

const char *targetpath_manifest(struct arena *arena, const char *model, const char *version)
{
    return arena_printf(arena, "%s/%s/" TARGETPATH_MANIFEST, model, version);
}

const char *targetpath_variant(struct arena *arena, const char *model, const char *version,
                               const char *variant)
{
    char *name = arena_strdup(arena, variant);

    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/'))
        *slash = JOINT;
    return arena_printf(arena, "%s/%s/%s" ENDING, model, version, name);
}

const char *targetpath_variant_of(struct arena *arena, const char *name)
{
    size_t length = strlen(name);
    size_t ending = strlen(ENDING);
    char *variant;

    if (length < ending || strcmp(name + length - ending, ENDING) != 0)
        return NULL;
    variant = arena_strndup(arena, name, length - ending);
    for (char *c = variant; *c; c++) {
        if (*c == '/')
            return NULL;
        *c = *c == JOINT ? '/' : *c;
    }
    return variant;
}

const char *targetpath_artifact(struct arena *arena, const char *model, const char *version,
                                const char *variant, const char *name)
{
    return arena_printf(arena, "%s/%s/%s/%s", model, version, variant, name);
}
