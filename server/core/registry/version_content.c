/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/version_content.h"

#include "base/log.h"
#include "core/lineage/lineage.h"
#include "core/registry/pairs.h"
#include "db/q_variant.h"
#include "db/q_version.h"
#include "model/name.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int version_content_check(const struct manifest *manifest, struct arena *arena,
                          struct fields_error *ret_error)
{
    struct ref *from;

    for (size_t i = 0; i < manifest->metric_count; i++) {
        const struct fields_pair *metric = &manifest->metrics[i];

        if (isfinite(strtod(metric->value, NULL)))
            continue;
        (void)fields_refuse(ret_error, "signed.metrics", "%s: a number below 1.8e308 expected",
                            metric->key);
        return VERSION_CONTENT_E_INVALID;
    }
    if (lineage_read_from(manifest->from, manifest->from_count, arena, &from, ret_error))
        return VERSION_CONTENT_E_INVALID;
    return 0;
}

static int insert_metrics(struct db *db, int64_t workspace_id, int64_t version_id,
                          const struct manifest *manifest, struct arena *arena)
{
    struct pairs metrics = pairs_split(arena, manifest->metrics, manifest->metric_count);
    const char **values = arena_array(arena, metrics.count, sizeof(*values));
    const char **datasets = arena_array(arena, metrics.count, sizeof(*datasets));

    /* PostgreSQL refuses what is too small for a double, strtod() rounds it. */
    for (size_t i = 0; i < metrics.count; i++) {
        values[i] = version_content_number(metrics.values[i], arena);
        datasets[i] = manifest_dataset(manifest, metrics.keys[i]);
    }
    return q_version_insert_metrics(
        db, workspace_id, version_id, arena,
        &(struct q_version_metrics){metrics.keys, values, metrics.values, datasets, metrics.count});
}

const char *version_content_number(const char *text, struct arena *arena)
{
    double value;

    if (name_check_metric(text))
        return NULL;
    value = strtod(text, NULL);
    return isfinite(value) ? arena_printf(arena, "%.17g", value) : NULL;
}

static int insert_params(struct db *db, int64_t workspace_id, int64_t version_id,
                         const struct manifest *manifest, struct arena *arena)
{
    struct pairs pairs = pairs_split(arena, manifest->params, manifest->param_count);
    const char **numbers = arena_array(arena, pairs.count, sizeof(*numbers));

    for (size_t i = 0; i < pairs.count; i++)
        numbers[i] = version_content_number(pairs.values[i], arena);
    return q_version_insert_params(db, workspace_id, version_id, arena, pairs.keys, pairs.values,
                                   numbers, pairs.count);
}

static int insert_variants(struct db *db, int64_t workspace_id, int64_t version_id,
                           const struct manifest *manifest, struct arena *arena)
{
    struct q_variant *variants = arena_array(arena, manifest->variant_count, sizeof(*variants));

    for (size_t i = 0; i < manifest->variant_count; i++) {
        const struct variant *id = &manifest->variants[i].id;

        variants[i] = (struct q_variant){id->runtime, id->hardware, id->precision};
    }
    return q_variant_insert(db, workspace_id, version_id, arena, variants, manifest->variant_count);
}

/* first: the position of the manifest's first variant in the version. */
static int insert_artifacts(struct db *db, int64_t workspace_id, int64_t version_id, size_t first,
                            const struct manifest *manifest, struct arena *arena)
{
    struct q_variant_artifact *artifacts;
    size_t count = 0;
    int r;

    for (size_t i = 0; i < manifest->variant_count; i++)
        count += manifest->variants[i].artifact_count;
    artifacts = arena_array(arena, count, sizeof(*artifacts));
    count = 0;
    for (size_t i = 0; i < manifest->variant_count; i++) {
        for (size_t j = 0; j < manifest->variants[i].artifact_count; j++) {
            const struct manifest_artifact *artifact = &manifest->variants[i].artifacts[j];

            artifacts[count] = (struct q_variant_artifact){
                .variant = first + i,
                .position = j,
                .name = artifact->name,
                .size_bytes = artifact->length,
            };
            memcpy(artifacts[count++].sha256, artifact->sha256, DIGEST_SHA256_SIZE);
        }
    }
    r = q_variant_insert_artifacts(db, workspace_id, version_id, arena, artifacts, count);
    return r == Q_VARIANT_E_VANISHED ? VERSION_CONTENT_E_BUSY : r;
}

int version_content_insert(struct db *db, int64_t workspace_id, int64_t version_id,
                           const struct manifest *manifest, struct arena *arena)
{
    struct pairs tags = pairs_split(arena, manifest->tags, manifest->tag_count);
    int r;

    r = q_version_insert_tags(db, workspace_id, version_id, arena, tags.keys, tags.values,
                              tags.count);
    if (r)
        return r;
    r = insert_params(db, workspace_id, version_id, manifest, arena);
    if (r)
        return r;
    r = insert_metrics(db, workspace_id, version_id, manifest, arena);
    if (r)
        return r;
    r = insert_variants(db, workspace_id, version_id, manifest, arena);
    if (r)
        return r;
    return insert_artifacts(db, workspace_id, version_id, 0, manifest, arena);
}

int version_content_insert_added(struct db *db, int64_t workspace_id, int64_t version_id,
                                 int64_t position, const struct manifest *manifest,
                                 struct arena *arena)
{
    return insert_artifacts(db, workspace_id, version_id, (size_t)position, manifest, arena);
}

int version_content_tell(struct db *db, const struct version_content_place *place,
                         const struct manifest *manifest, struct arena *arena)
{
    struct lineage_publication publication = {
        .workspace_id = place->workspace_id,
        .version_id = place->version_id,
        .variant_id = place->variant_id,
        .now_ms = place->now_ms,
        .from_count = manifest->from_count,
    };
    struct fields_error error = {0};
    struct ref *from;

    if (lineage_read_from(manifest->from, manifest->from_count, arena, &from, &error))
        return log_fail(ERR_INTERNAL, "a manifest that was checked is bad: %s", error.text);
    publication.from = from;
    return lineage_publish(db, &publication, arena);
}
