/* SPDX-License-Identifier: Apache-2.0 */

/* Manifests: what decodes keeps every limit, and encodes to what decodes again to the same. */

#include "fuzz.h"

#include "base/cleanup.h"
#include "model/manifest.h"
#include "tuf/canon.h"

#include <string.h>

static void check_limits(const struct manifest *manifest)
{
    FUZZ_HOLDS(name_is_valid(manifest->workspace) && name_is_valid(manifest->model));
    FUZZ_HOLDS(name_is_version(manifest->version));
    FUZZ_HOLDS(manifest->variant_count >= 1 && manifest->variant_count <= MANIFEST_VARIANTS_MAX);
    for (size_t i = 0; i < manifest->variant_count; i++) {
        const struct manifest_variant *variant = &manifest->variants[i];
        char text[VARIANT_TEXT_SIZE];

        variant_format(&variant->id, text);
        FUZZ_HOLDS(manifest_find(manifest, text) == variant);
        FUZZ_HOLDS(variant->artifact_count >= 1);
        for (size_t j = 0; j < variant->artifact_count; j++) {
            FUZZ_HOLDS(!strchr(variant->artifacts[j].name, '/'));
            FUZZ_HOLDS(variant->artifacts[j].name[0] != '.');
            FUZZ_HOLDS(variant->artifacts[j].length >= 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = NULL;
    json_auto_t *first = NULL;
    json_auto_t *second = NULL;
    struct manifest manifest;
    struct fields_error error = {0};

    if (canon_parse(data, size, MANIFEST_SIZE_MAX, &value, &error))
        return 0;
    if (manifest_decode(value, &arena, &manifest, &error)) {
        FUZZ_HOLDS(error.text[0]);
        return 0;
    }
    check_limits(&manifest);
    first = manifest_encode(&manifest);
    FUZZ_HOLDS(first && manifest_decode(first, &arena, &manifest, &error) == 0);
    second = manifest_encode(&manifest);
    FUZZ_HOLDS(json_equal(first, second));
    return 0;
}
