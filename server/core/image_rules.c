/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image_rules.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "db/q_tuf.h"
#include "model/name.h"
#include "tuf/delegation.h"
#include "tuf/role.h"
#include "tuf/targetpath.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct reason *reason, const char *format, ...) PRINTF_LIKE(2, 3);

static int refuse(struct reason *reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return IMAGE_RULES_E_BROKEN;
}

const char *image_rules_model(const char *role)
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

int image_rules_root(const struct metadata *root, const char *repository, const char *online_keyid,
                     struct reason *reason)
{
    static const enum metadata_type online[] = {METADATA_TIMESTAMP, METADATA_SNAPSHOT,
                                                METADATA_TARGETS};
    size_t count = strcmp(repository, "director") == 0 ? 3 : 2;

    if (!metadata_consistent(root))
        return refuse(reason, "consistent_snapshot: true is expected");
    for (size_t i = 0; i < count; i++) {
        struct tuf_role role = role_of_root(root, online[i]);

        if (!is_only_key(&role, online_keyid))
            return refuse(reason,
                          "roles.%s: the server's online key '%s' alone, with threshold 1, is "
                          "expected; ask for it and sign again",
                          metadata_type_name(online[i]), online_keyid);
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
    const char *model = image_rules_model(name);

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

int image_rules_targets(const struct metadata *targets, struct reason *reason)
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

/* ---- a model's role
 * -------------------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    const struct q_tuf_target *left = a;
    const struct q_tuf_target *right = b;

    return strcmp(left->path, right->path);
}

static bool has_digest(const struct metadata_target *target,
                       const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    const char *said = json_string_value(json_object_get(target->hashes, "sha256"));
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    return said && strcmp(said, hex) == 0 && json_object_size(target->hashes) == 1;
}

static int check_target(const struct metadata *metadata, const char *path,
                        const struct q_tuf_target *known, size_t count, struct reason *reason)
{
    struct q_tuf_target wanted = {.path = path};
    const struct q_tuf_target *found =
        count ? bsearch(&wanted, known, count, sizeof(*known), by_path) : NULL;
    struct metadata_target target;

    if (!found)
        return refuse(reason,
                      "targets: '%.200s' is part of no published version; upload and sign the "
                      "version first",
                      path);
    if (found->yanked)
        return refuse(reason, "targets: version '%s' was yanked and never comes back",
                      found->version);
    (void)metadata_target(metadata, path, &target);
    if (target.length != found->length || !has_digest(&target, found->sha256))
        return refuse(reason, "targets: '%.200s' has another length or sha256 than what is stored",
                      path);
    return 0;
}

/* A version stands out in the sorted list by its targets being neighbours; count what is listed. */
static int check_whole(const json_t *targets, const struct q_tuf_target *known, size_t count,
                       struct arena *arena, const char ***ret_versions, size_t *ret_count,
                       struct reason *reason)
{
    const char **versions = arena_array(arena, count, sizeof(*versions));
    size_t version_count = 0;

    for (size_t start = 0, end; start < count; start = end) {
        size_t listed = 0;

        for (end = start; end < count && strcmp(known[end].version, known[start].version) == 0;
             end++)
            if (json_object_get(targets, known[end].path))
                listed++;
        if (listed == 0)
            continue;
        if (listed < end - start)
            return refuse(reason, "targets: version '%s' is listed in part: %zu of %zu files",
                          known[start].version, listed, end - start);
        versions[version_count++] = known[start].version;
    }
    *ret_versions = versions;
    *ret_count = version_count;
    return 0;
}

static int by_version(const void *a, const void *b)
{
    const struct q_tuf_target *left = a;
    const struct q_tuf_target *right = b;
    int order = strcmp(left->version, right->version);

    return order ? order : strcmp(left->path, right->path);
}

int image_rules_model_role(struct db *db, int64_t workspace_id, const char *model,
                           const struct metadata *metadata, struct arena *arena,
                           const char *const **ret_versions, size_t *ret_count,
                           struct reason *reason)
{
    json_t *targets = json_object_get(metadata->signed_part, "targets");
    struct q_tuf_target *known;
    const char **versions = NULL;
    size_t count;
    const char *path;
    json_t *value;
    int r;

    if (json_object_get(metadata->signed_part, "delegations"))
        return refuse(reason, "delegations: a model's role does not delegate further");
    r = q_tuf_targets(db, workspace_id, model, arena, &known, &count);
    if (r)
        return r;
    if (count)
        qsort(known, count, sizeof(*known), by_path);
    json_object_foreach (targets, path, value) {
        r = check_target(metadata, path, known, count, reason);
        if (r)
            return r;
    }
    if (count)
        qsort(known, count, sizeof(*known), by_version);
    r = check_whole(targets, known, count, arena, &versions, ret_count, reason);
    if (r)
        return r;
    *ret_versions = (const char *const *)versions;
    return 0;
}
