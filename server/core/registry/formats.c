/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/formats.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "blob/artifact_source.h"
#include "blob/read.h"
#include "db/q_format.h"
#include "format/inspect.h"

struct taking {
    struct db *db;
    const struct formats_place *place;
    struct arena *arena;
    struct artifact_source_buffer buffer;
    size_t json_left;
    struct formats_failure *failure;
};

static void taking_release(struct taking *taking)
{
    artifact_source_release(&taking->buffer);
}

static int refuse(struct taking *taking, const struct variant *id, int outcome,
                  const struct inspect_failure *failure)
{
    static const int outcomes[] = {
        [INSPECT_E_ARTIFACT] = FORMATS_E_ARTIFACT,
        [INSPECT_E_FORMAT] = FORMATS_E_FORMAT,
        [INSPECT_E_INCOMPLETE] = FORMATS_E_INCOMPLETE,
        [INSPECT_E_SIGNATURE] = FORMATS_E_SIGNATURE,
    };
    char label[VARIANT_TEXT_SIZE];

    variant_format(id, label);
    *taking->failure = (struct formats_failure){
        .outcome = outcomes[outcome],
        .variant = arena_strdup(taking->arena, label),
        .artifact = failure->file,
        .reason = failure->reason,
        .text = arena_strdup(taking->arena, failure->text),
    };
    return outcomes[outcome];
}

static int open_files(struct taking *taking, const struct manifest_variant *variant,
                      struct format_file *files)
{
    struct artifact_source *sources =
        arena_array(taking->arena, variant->artifact_count, sizeof(*sources));

    for (size_t i = 0; i < variant->artifact_count; i++) {
        const struct manifest_artifact *artifact = &variant->artifacts[i];
        int r;

        sources[i].buffer = &taking->buffer;
        r = read_find(taking->db, taking->place->workspace_id, artifact->sha256,
                      &sources[i].artifact);
        if (r)
            return r > 0 ? log_fail(ERR_INTERNAL, "an artifact that a version holds is gone") : r;
        files[i] = (struct format_file){artifact->name, artifact_source_of(&sources[i])};
    }
    return 0;
}

static int store(struct taking *taking, int64_t position, const struct inspect_result *results,
                 size_t count)
{
    struct q_format *formats = arena_array(taking->arena, count, sizeof(*formats));
    size_t known = 0;

    for (size_t i = 0; i < count; i++) {
        if (results[i].json)
            formats[known++] = (struct q_format){position, (int64_t)i, results[i].json};
    }
    if (known == 0)
        return 0;
    return q_format_insert(taking->db, taking->place->workspace_id, taking->place->version_id,
                           taking->arena, formats, known);
}

static int take_variant(struct taking *taking, const struct manifest_variant *variant,
                        const struct signature *signature, int64_t position)
{
    size_t count = variant->artifact_count;
    struct format_file *files = arena_array(taking->arena, count, sizeof(*files));
    struct inspect_result *results = arena_array(taking->arena, count, sizeof(*results));
    const struct inspect_variant inspected = {
        .id = &variant->id,
        .signature = variant->signature ? variant->signature : signature,
        .set = {.files = files, .count = count},
    };
    struct inspect_failure failure = {0};
    int r;

    r = open_files(taking, variant, files);
    if (r)
        return r;
    r = inspect_variant(&inspected, taking->arena, &taking->json_left, results, &failure);
    if (r > 0)
        return refuse(taking, &variant->id, r, &failure);
    return r ? r : store(taking, position, results, count);
}

int formats_take(struct db *db, const struct formats_place *place, const struct manifest *manifest,
                 struct arena *arena, struct formats_failure *ret_failure)
{
    CLEANUP(taking_release)
    struct taking taking = {
        .db = db,
        .place = place,
        .arena = arena,
        .buffer = {.db = db},
        .json_left = INSPECT_JSON_MAX,
        .failure = ret_failure,
    };
    const struct signature *signature =
        manifest->signature ? manifest->signature : place->signature;

    for (size_t i = 0; i < manifest->variant_count; i++) {
        int r = take_variant(&taking, &manifest->variants[i], signature,
                             place->first_variant + (int64_t)i);

        if (r)
            return r;
    }
    return 0;
}
