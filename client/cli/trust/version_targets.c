/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/version_targets.h"

#include "tuf/builder.h"
#include "tuf/targetpath.h"

static int add_variant(struct arena *arena, const struct manifest *manifest,
                       const struct manifest_variant *variant, json_t *part)
{
    const char *name = arena_printf(arena, "%s/%s/%s", variant->id.runtime, variant->id.hardware,
                                    variant->id.precision);

    for (size_t i = 0; i < variant->artifact_count; i++) {
        const struct manifest_artifact *artifact = &variant->artifacts[i];
        json_t *custom = json_pack("{s:s, s:s, s:s}", "runtime", variant->id.runtime, "hardware",
                                   variant->id.hardware, "precision", variant->id.precision);
        int r = builder_target(
            part,
            targetpath_artifact(arena, manifest->model, manifest->version, name, artifact->name),
            artifact->length, artifact->sha256, custom);

        if (r)
            return r;
    }
    return 0;
}

const char *version_targets_manifest(struct arena *arena, const struct manifest *manifest)
{
    char variant[VARIANT_TEXT_SIZE];

    if (!manifest_is_addition(manifest))
        return targetpath_manifest(arena, manifest->model, manifest->version);
    variant_format(&manifest->variants[0].id, variant);
    return targetpath_variant(arena, manifest->model, manifest->version, variant);
}

int version_targets_add(struct arena *arena, const struct manifest *manifest, const void *envelope,
                        size_t size, json_t *part)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    int r;

    digest_sha256(envelope, size, digest);
    r = builder_target(
        part, version_targets_manifest(arena, manifest), (int64_t)size, digest,
        json_pack("{s:s, s:s}", "model", manifest->model, "version", manifest->version));
    for (size_t i = 0; !r && i < manifest->variant_count; i++)
        r = add_variant(arena, manifest, &manifest->variants[i], part);
    return r;
}
