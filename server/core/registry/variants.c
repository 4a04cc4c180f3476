/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/variants.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/registry/version_content.h"
#include "core/registry/version_envelope.h"
#include "crypto/text.h"
#include "db/q_life.h"
#include "db/q_model.h"

#include <inttypes.h>
#include <string.h>

/* One variant on its way through the transaction. */
struct work {
    const struct versions_place *place;
    const char *version;
    const void *bytes;
    size_t size;
    struct arena *arena;
    struct version_envelope sent;
    struct manifest own; /* the version's */
    struct q_version_manifest stored;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    int64_t model_id;
    int64_t variant_id;
    int64_t position;
    bool created;
    struct q_version *ret_version;
    struct versions_failure *failure;
};

static int refuse(struct work *work, const char *path, const char *message)
{
    return version_envelope_refuse(work->failure, path, message);
}

/* ---- what is sent ------------------------------------------------------------------------- */

static int check_alone(struct work *work)
{
    const struct manifest *sent = &work->sent.manifest;

    if (strcmp(sent->model, work->place->model) != 0 || strcmp(sent->version, work->version) != 0)
        return refuse(work, "signed.version",
                      arena_printf(work->arena, "it is of '%s@%s', but was sent to '%s@%s'",
                                   sent->model, sent->version, work->place->model, work->version));
    if (!manifest_is_addition(sent))
        return refuse(work, "signed.adds_to",
                      "the SHA-256 of the version's own manifest is expected");
    if (work->sent.envelope.signature_count == 0)
        return refuse(work, "signatures", "a variant is added signed: there are no drafts of it");
    if (sent->tag_count || sent->metric_count || sent->param_count)
        return refuse(work, "signed", "tags, metrics and params are of versions, not of variants");
    return 0;
}

static int read_own(struct work *work)
{
    CLEANUP(version_envelope_release) struct version_envelope own = {{0}};
    struct versions_failure failure = {0};
    int r;

    r = version_envelope_parse(work->stored.bytes, work->stored.size, work->arena, &own, &failure);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored manifest cannot be read: %s", failure.error.text);
    if (!r)
        work->own = own.manifest;
    return r;
}

static int check_beside_own(struct work *work, const char *workspace)
{
    const struct manifest *sent = &work->sent.manifest;
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (strcmp(sent->workspace, workspace) != 0)
        return refuse(work, "signed.workspace",
                      arena_printf(work->arena,
                                   "the manifest is of workspace '%s', but the token of '%s'",
                                   sent->workspace, workspace));
    if (memcmp(sent->adds_to, work->stored.sha256, sizeof(sent->adds_to)) != 0) {
        text_hex(work->stored.sha256, sizeof(work->stored.sha256), hex);
        return refuse(work, "signed.adds_to",
                      arena_printf(work->arena, "the version's manifest is %s", hex));
    }
    if (sent->release_counter != work->own.release_counter)
        return refuse(work, "signed.release_counter",
                      arena_printf(work->arena, "that of the version is %" PRId64,
                                   work->own.release_counter));
    return 0;
}

/* ---- the transaction ---------------------------------------------------------------------- */

static int resolve(struct db *db, const struct versions_place *place, struct arena *arena,
                   int64_t *ret_model_id, const char **ret_workspace)
{
    int r =
        q_model_resolve(db, place->workspace_id, place->model, arena, ret_model_id, ret_workspace);

    return r == Q_MODEL_E_MISSING ? VERSIONS_E_MODEL : r;
}

/* It stays, until this is committed. */
static int check_kept(struct db *db, struct work *work)
{
    struct q_life life;
    int r =
        q_life_lock_version(db, work->model_id, work->version, Q_LIFE_SHARED, work->arena, &life);

    if (r)
        return r == Q_LIFE_E_VERSION ? VERSIONS_E_MISSING : r;
    if (strcmp(life.status, "deleted") != 0)
        return 0;
    r = versions_find(db, work->place, work->version, work->arena, &work->failure->exists);
    return r ? r : VERSIONS_E_DELETED;
}

static int hold_version(struct db *db, struct work *work)
{
    const struct versions_place *place = work->place;
    const char *workspace;
    struct q_life model;
    int r;

    r = resolve(db, place, work->arena, &work->model_id, &workspace);
    if (!r)
        r = q_life_lock_model(db, place->workspace_id, place->model, Q_LIFE_SHARED, work->arena,
                              &model);
    if (r)
        return r == Q_LIFE_E_MODEL ? VERSIONS_E_MODEL : r;
    if (model.archived_ms != 0)
        return VERSIONS_E_ARCHIVED;
    r = q_version_manifest(db, work->model_id, work->version, true, work->arena, &work->stored);
    if (r)
        return r == Q_VERSION_E_MISSING ? VERSIONS_E_MISSING : r;
    if (!work->stored.published)
        return VARIANTS_E_DRAFT;
    r = check_kept(db, work);
    if (!r)
        r = read_own(work);
    return r ? r : check_beside_own(work, workspace);
}

static int find(struct db *db, struct work *work)
{
    return versions_find(db, work->place, work->version, work->arena, work->ret_version);
}

/* The same bytes again are a success. */
static int compare_existing(struct db *db, struct work *work, const struct q_variant *variant)
{
    const void *bytes;
    size_t size;
    int r;

    r = q_variant_manifest(db, work->stored.id, variant, work->arena, &bytes, &size);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a variant that is there has no manifest") : r;
    if (size != work->size || memcmp(bytes, work->bytes, size) != 0)
        return VARIANTS_E_EXISTS;
    return find(db, work);
}

static int store_files(struct db *db, struct work *work)
{
    const struct formats_place place = {
        .workspace_id = work->place->workspace_id,
        .version_id = work->stored.id,
        .first_variant = work->position,
        .signature = work->own.signature,
    };
    struct versions_failure *failure = work->failure;
    int r;

    r = version_content_insert_added(db, work->place->workspace_id, work->stored.id, work->position,
                                     &work->sent.manifest, work->arena);
    if (r == VERSION_CONTENT_E_BUSY)
        return log_fail(ERR_UNAVAILABLE, "an artifact was removed while a variant took it up");
    if (!r)
        r = q_variant_missing(db, work->stored.id, work->arena, &failure->missing,
                              &failure->missing_count);
    if (r)
        return r;
    if (failure->missing_count > 0)
        return VERSIONS_E_ARTIFACTS;
    r = formats_take(db, &place, &work->sent.manifest, work->arena, &failure->format);
    return r > 0 ? VERSIONS_E_FORMAT : r;
}

static int store_document(struct db *db, struct work *work)
{
    struct q_variant_addition addition = {
        .variant_id = work->variant_id,
        .workspace_id = work->place->workspace_id,
        .version_id = work->stored.id,
        .model_id = work->model_id,
        .manifest = work->bytes,
        .size = work->size,
        .created_by = work->place->actor->name,
        .created_ms = work->place->now_ms,
        .keyid_count = work->sent.verdict.count,
    };
    uint8_t *keyids;
    int r;

    memcpy(addition.sha256, work->sha256, sizeof(addition.sha256));
    r = version_envelope_keyids(&work->sent, work->arena, &keyids);
    addition.keyids = keyids;
    return r ? r : q_variant_insert_addition(db, &addition, work->arena);
}

static int tell(struct db *db, struct work *work, const char *variant)
{
    const struct version_content_place content = {
        .workspace_id = work->place->workspace_id,
        .version_id = work->stored.id,
        .variant_id = work->variant_id,
        .now_ms = work->place->now_ms,
    };
    char hex[DIGEST_SHA256_HEX_SIZE];
    int r;

    r = version_content_tell(db, &content, &work->sent.manifest, work->arena);
    if (!r)
        r = find(db, work);
    if (r)
        return r;
    text_hex(work->sha256, sizeof(work->sha256), hex);
    return audit_record(
        db, &(struct audit_change){
                .workspace_id = work->place->workspace_id,
                .actor = work->place->actor,
                .now_ms = work->place->now_ms,
                .action = AUDIT_VERSION_ADD_VARIANT,
                .object = arena_printf(work->arena, "%s@%s", work->place->model, work->version),
                .after = json_pack("{s:s, s:s}", "variant", variant, "manifest_sha256", hex),
            });
}

static int add(struct db *db, void *arg)
{
    struct work *work = arg;
    const struct variant *id = &work->sent.manifest.variants[0].id;
    const struct q_variant variant = {id->runtime, id->hardware, id->precision};
    char text[VARIANT_TEXT_SIZE];
    int r;

    r = hold_version(db, work);
    if (!r)
        r = version_envelope_verify(db, work->model_id, work->arena, &work->sent, work->failure);
    if (r)
        return r;
    r = q_variant_add(db, work->place->workspace_id, work->stored.id, &variant, &work->variant_id,
                      &work->position);
    if (r == Q_VARIANT_E_THERE)
        return compare_existing(db, work, &variant);
    if (r)
        return r == Q_VARIANT_E_FULL ? VARIANTS_E_FULL : r;
    r = store_files(db, work);
    if (!r)
        r = store_document(db, work);
    if (r)
        return r;
    variant_format(id, text);
    work->created = true;
    return tell(db, work, text);
}

int variants_add(struct db *db, const struct versions_place *place, const char *version,
                 const void *bytes, size_t size, struct arena *arena, struct q_version *ret_version,
                 bool *ret_created, struct versions_failure *ret_failure)
{
    struct work work = {
        .place = place,
        .version = version,
        .bytes = bytes,
        .size = size,
        .arena = arena,
        .ret_version = ret_version,
        .failure = ret_failure,
    };
    int r;

    digest_sha256(bytes, size, work.sha256);
    r = version_envelope_parse(bytes, size, arena, &work.sent, ret_failure);
    if (!r)
        r = check_alone(&work);
    if (!r)
        r = tx_run(db, add, &work);
    version_envelope_release(&work.sent);
    if (r)
        return r;
    *ret_created = work.created;
    return 0;
}

int variants_manifest(struct db *db, const struct versions_place *place, const char *version,
                      const char *variant, struct arena *arena, const void **ret_bytes,
                      size_t *ret_size)
{
    struct q_version_manifest manifest;
    struct q_variant named;
    struct variant id;
    int64_t model_id;
    int r;

    r = resolve(db, place, arena, &model_id, NULL);
    if (r)
        return r;
    r = q_version_manifest(db, model_id, version, false, arena, &manifest);
    if (r)
        return r == Q_VERSION_E_MISSING ? VERSIONS_E_MISSING : r;
    if (!variant_parse(variant, arena, &id))
        return VARIANTS_E_NONE;
    named = (struct q_variant){id.runtime, id.hardware, id.precision};
    r = q_variant_manifest(db, manifest.id, &named, arena, ret_bytes, ret_size);
    return r == Q_VARIANT_E_NONE ? VARIANTS_E_NONE : r;
}
