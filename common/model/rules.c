/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rules.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/name.h"
#include "tuf/role.h"
#include "tuf/targetpath.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct reason *reason, const char *format, ...) PRINTF_LIKE(2, 3);

static int refuse(struct reason *reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return RULES_E_BROKEN;
}

const char *rules_model(const char *role)
{
    size_t length = strlen(TARGETPATH_ROLE_PREFIX);

    if (strncmp(role, TARGETPATH_ROLE_PREFIX, length) != 0 || !name_is_valid(role + length))
        return NULL;
    return role + length;
}

/* ---- root --------------------------------------------------------------------------------------
 */

static bool is_only_key(const struct tuf_role *role, const char *keyid)
{
    return role->threshold == 1 && json_array_size(role->keyids) == 1 &&
           strcmp(json_string_value(json_array_get(role->keyids, 0)), keyid) == 0;
}

int rules_root(const struct metadata *root, const char *repository, const char *online_keyid,
               struct reason *reason)
{
    static const enum metadata_type online[] = {METADATA_TIMESTAMP, METADATA_SNAPSHOT,
                                                METADATA_TARGETS};
    size_t count = strcmp(repository, "director") == 0 ? 3 : 2;

    if (!metadata_consistent(root))
        return refuse(reason, "consistent_snapshot: true is expected");
    for (size_t i = 0; i < count; i++) {
        struct tuf_role role = role_of_root(root, online[i]);

        if (!online_keyid)
            online_keyid = json_string_value(json_array_get(role.keyids, 0));
        if (!online_keyid || !is_only_key(&role, online_keyid))
            return refuse(reason,
                          "roles.%s: the server's online key '%s' alone, with threshold 1, is "
                          "expected; ask for it and sign again",
                          metadata_type_name(online[i]), online_keyid ? online_keyid : "");
    }
    for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++) {
        struct tuf_role role = role_of_root(root, type);

        if (json_array_size(role.keyids) < (size_t)role.threshold)
            return refuse(reason, "roles.%s: fewer keys than its threshold",
                          metadata_type_name(type));
    }
    return 0;
}

/* ---- top-level targets
 * --------------------------------------------------------------------------- */

static bool has_paths(const json_t *role, const char *model)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const json_t *paths = json_object_get(role, "paths");
    const char *expected[TARGETPATH_PATTERNS];

    targetpath_patterns(&arena, model, expected);
    if (json_array_size(paths) != TARGETPATH_PATTERNS)
        return false;
    for (size_t i = 0; i < TARGETPATH_PATTERNS; i++)
        if (strcmp(json_string_value(json_array_get(paths, i)), expected[i]) != 0)
            return false;
    return true;
}

static int check_delegation(const json_t *role, struct reason *reason)
{
    const char *name = json_string_value(json_object_get(role, "name"));
    const char *model = rules_model(name);

    if (!model)
        return refuse(reason, "delegations: '%.80s' is not the role of a model ('model-NAME')",
                      name);
    if (!json_is_true(json_object_get(role, "terminating")))
        return refuse(reason, "delegations: '%.80s' must be terminating", name);
    if (!has_paths(role, model))
        return refuse(reason, "delegations: '%.80s' must have the paths of its model and no other",
                      name);
    if (json_array_size(json_object_get(role, "keyids")) <
        (size_t)json_integer_value(json_object_get(role, "threshold")))
        return refuse(reason, "delegations: '%.80s' has fewer keys than its threshold", name);
    return 0;
}

int rules_targets(const struct metadata *targets, struct reason *reason)
{
    const json_t *delegations = json_object_get(targets->signed_part, "delegations");
    const json_t *roles = json_object_get(delegations, "roles");
    size_t i;
    json_t *role;

    if (json_object_size(json_object_get(targets->signed_part, "targets")) > 0)
        return refuse(reason, "targets: the top-level role delegates, and lists nothing itself");
    if (json_object_get(delegations, "succinct_roles"))
        return refuse(reason, "delegations: one role a model is expected, not hash bins");
    json_array_foreach ((json_t *)roles, i, role) {
        int r = check_delegation(role, reason);

        if (r)
            return r;
    }
    return 0;
}
