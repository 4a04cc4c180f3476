/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/image_rules.h"

#include "crypto/text.h"
#include "db/q_deletion.h"
#include "db/q_tuf.h"

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

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "1.0.0/onnx/npu/int8" needs "1.0.0": who takes back a version takes back what was added to it. */
static int check_bases(const char **versions, size_t count, struct arena *arena,
                       struct reason *reason)
{
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(versions[i], '/');
        const char *base;

        if (!slash)
            continue;
        base = arena_strndup(arena, versions[i], (size_t)(slash - versions[i]));
        if (!bsearch(&base, versions, count, sizeof(*versions), by_name))
            return refuse(reason,
                          "targets: variant '%s' was added to version '%s', which is not listed",
                          slash + 1, base);
    }
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
    return check_bases(versions, version_count, arena, reason);
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
    struct q_deletion deletion;
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
    r = q_deletion_among(db, workspace_id, model, versions, *ret_count, arena, &deletion);
    if (r != Q_DELETION_E_NONE)
        return r ? r
                 : refuse(reason, "targets: version '%s' was deleted and never comes back",
                          deletion.version);
    *ret_versions = (const char *const *)versions;
    return 0;
}
