/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/targetpath.h"

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
    return arena_printf(arena, "%s/%s/manifest.json", model, version);
}

const char *targetpath_artifact(struct arena *arena, const char *model, const char *version,
                                const char *variant, const char *name)
{
    return arena_printf(arena, "%s/%s/%s/%s", model, version, variant, name);
}
