/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/versions.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/registry/version_content.h"
#include "core/registry/version_envelope.h"
#include "crypto/text.h"
#include "db/q_life.h"
#include "db/q_model.h"
#include "model/manifest.h"
#include "tuf/canon.h"

#include <stdlib.h>
#include <string.h>

/* A version that one caller submits or signs, on its way through the transaction. */
struct work {
    const struct versions_place *place;
    struct arena *arena;
    struct version_envelope sent;
    const char *version;          /* its name */
    struct q_version_draft draft; /* what will be stored */
    int64_t model_id;
    const char *workspace;
    bool created;
    struct q_version *ret_version;
    struct versions_failure *failure;
};

static void work_release(struct work *work)
{
    version_envelope_release(&work->sent);
}

static int resolve(struct db *db, const struct versions_place *place, struct arena *arena,
                   int64_t *ret_id, const char **ret_workspace)
{
    int r;

    r = q_model_resolve(db, place->workspace_id, place->model, arena, ret_id, ret_workspace);
    return r == Q_MODEL_E_MISSING ? VERSIONS_E_MODEL : r;
}

static int find(struct db *db, int64_t model_id, const char *version, struct arena *arena,
                struct q_version *ret_version)
{
    struct q_format *formats;
    int r;

    r = q_version_find(db, model_id, version, arena, ret_version);
    if (!r)
        r = q_format_list(db, ret_version->id, arena, &formats, &ret_version->format_count);
    if (r)
        return r == Q_VERSION_E_MISSING ? VERSIONS_E_MISSING : r;
    ret_version->formats = formats;
    return 0;
}

/* ---- what the audit log says ---------------------------------------------------------------- */

static json_t *describe(const char *state, const char *manifest_sha256, const char *signed_by)
{
    return json_pack("{s:s, s:s, s:o}", "state", state, "manifest_sha256", manifest_sha256,
                     "signed_by", json_loads(signed_by, 0, NULL));
}

static int record(struct db *db, const struct versions_place *place, enum audit_action action,
                  const char *version, json_t *before, json_t *after)
{
    CLEANUP(arena_release) struct arena arena = {0};

    return audit_record(db, &(struct audit_change){
                                .workspace_id = place->workspace_id,
                                .actor = place->actor,
                                .now_ms = place->now_ms,
                                .action = action,
                                .object = arena_printf(&arena, "%s@%s", place->model, version),
                                .before = before,
                                .after = after,
                            });
}

static json_t *describe_draft(const struct q_version_manifest *manifest)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(manifest->sha256, sizeof(manifest->sha256), hex);
    return describe("draft", hex, "[]");
}

static json_t *describe_version(const struct q_version *version)
{
    return describe(version->state, version->manifest_sha256, version->signed_by_json);
}

/* ---- signatures --------------------------------------------------------------------------- */

static int store_signatures(struct db *db, const struct work *work, int64_t version_id)
{
    uint8_t *keyids;
    int r = version_envelope_keyids(&work->sent, work->arena, &keyids);

    return r ? r
             : q_version_insert_signatures(db, &work->draft, version_id, work->arena, keyids,
                                           work->sent.verdict.count);
}

/* Nothing is visible before it is whole. */
static int require_artifacts(struct db *db, struct work *work, int64_t version_id)
{
    struct versions_failure *failure = work->failure;
    int r;

    r = q_variant_missing(db, version_id, work->arena, &failure->missing, &failure->missing_count);
    if (r)
        return r;
    return failure->missing_count > 0 ? VERSIONS_E_ARTIFACTS : 0;
}

/* ---- submission --------------------------------------------------------------------------- */

static int parse(struct work *work, const void *bytes, size_t size)
{
    const struct versions_place *place = work->place;
    struct q_version_draft *draft = &work->draft;
    int r;

    r = version_envelope_parse(bytes, size, work->arena, &work->sent, work->failure);
    if (r)
        return r;
    if (strcmp(work->sent.manifest.model, place->model) != 0)
        return version_envelope_refuse(
            work->failure, "signed.model",
            arena_printf(work->arena, "the manifest is of model '%s', but it was sent to '%s'",
                         work->sent.manifest.model, place->model));
    if (manifest_is_addition(&work->sent.manifest))
        return version_envelope_refuse(
            work->failure, "signed.adds_to",
            "it adds a variant to a version: send it to the version's variants");
    *draft = (struct q_version_draft){
        .workspace_id = place->workspace_id,
        .version = work->sent.manifest.version,
        .description = work->sent.manifest.description ? work->sent.manifest.description : "",
        .created_by = place->actor->name,
        .created_ms = place->now_ms,
        .manifest = {.published = work->sent.envelope.signature_count > 0,
                     .bytes = bytes,
                     .size = size},
    };
    digest_sha256(bytes, size, draft->manifest.sha256);
    return canon_digest(work->sent.envelope.signed_part, draft->manifest.signed_sha256);
}

/* The version is there already: the same bytes are a success, anything else is in the way. */
static int compare_existing(struct db *db, struct work *work)
{
    const struct q_version_manifest *mine = &work->draft.manifest;
    struct q_version_manifest theirs;
    int r;

    r = q_version_manifest(db, work->model_id, work->draft.version, false, work->arena, &theirs);
    if (!r)
        r = find(db, work->model_id, work->draft.version, work->arena, &work->failure->exists);
    if (r == Q_VERSION_E_MISSING || r == VERSIONS_E_MISSING) /* a draft that was just removed */
        return log_fail(ERR_UNAVAILABLE, "a draft was removed while it was submitted again");
    if (r)
        return r;
    if (work->failure->exists.deleted_ms != 0)
        return VERSIONS_E_DELETED;
    if (memcmp(mine->sha256, theirs.sha256, sizeof(mine->sha256)) == 0) {
        *work->ret_version = work->failure->exists;
        return 0;
    }
    work->failure->exists_same =
        !theirs.published &&
        memcmp(mine->signed_sha256, theirs.signed_sha256, sizeof(mine->signed_sha256)) == 0;
    return VERSIONS_E_EXISTS;
}

static int busy(int r)
{
    if (r == VERSION_CONTENT_E_BUSY || r == Q_VARIANT_E_VANISHED)
        return log_fail(ERR_UNAVAILABLE, "an artifact was removed while a version took it up");
    return r;
}

static int take_formats(struct db *db, struct work *work, int64_t version_id)
{
    const struct formats_place place = {
        .workspace_id = work->place->workspace_id,
        .version_id = version_id,
    };
    int r = formats_take(db, &place, &work->sent.manifest, work->arena, &work->failure->format);

    return r > 0 ? VERSIONS_E_FORMAT : r;
}

static int tell_lineage(struct db *db, struct work *work, int64_t version_id)
{
    const struct version_content_place place = {
        .workspace_id = work->place->workspace_id,
        .version_id = version_id,
        .now_ms = work->place->now_ms,
    };

    return version_content_tell(db, &place, &work->sent.manifest, work->arena);
}

static int refuse_archived(struct db *db, const struct work *work)
{
    const struct versions_place *place = work->place;
    struct q_life model;
    int r = q_life_lock_model(db, place->workspace_id, place->model, Q_LIFE_SHARED, work->arena,
                              &model);

    if (r)
        return r == Q_LIFE_E_MODEL ? VERSIONS_E_MODEL : r;
    return model.archived_ms != 0 ? VERSIONS_E_ARCHIVED : 0;
}

static int submit(struct db *db, void *arg)
{
    struct work *work = arg;
    struct q_version_draft *draft = &work->draft;
    int64_t id;
    int r;

    r = resolve(db, work->place, work->arena, &work->model_id, &work->workspace);
    if (!r)
        r = refuse_archived(db, work);
    if (r)
        return r;
    if (strcmp(work->sent.manifest.workspace, work->workspace) != 0)
        return version_envelope_refuse(
            work->failure, "signed.workspace",
            arena_printf(work->arena, "the manifest is of workspace '%s', but the token of '%s'",
                         work->sent.manifest.workspace, work->workspace));
    draft->model_id = work->model_id;
    if (draft->manifest.published) {
        r = version_envelope_verify(db, work->model_id, work->arena, &work->sent, work->failure);
        if (r)
            return r;
    }
    r = q_version_insert(db, draft, &id);
    if (r == Q_VERSION_E_EXISTS)
        return compare_existing(db, work);
    if (r)
        return r;
    r = version_content_insert(db, draft->workspace_id, id, &work->sent.manifest, work->arena);
    if (r)
        return busy(r);
    if (draft->manifest.published) {
        r = require_artifacts(db, work, id);
        if (!r)
            r = take_formats(db, work, id);
        if (!r)
            r = store_signatures(db, work, id);
        if (!r)
            r = tell_lineage(db, work, id);
        if (r)
            return r;
    }
    work->created = true;
    r = find(db, work->model_id, draft->version, work->arena, work->ret_version);
    if (r)
        return r;
    if (!draft->manifest.published)
        return record(db, work->place, AUDIT_VERSION_DRAFT, draft->version, NULL,
                      describe_version(work->ret_version));
    return record(db, work->place, AUDIT_VERSION_PUBLISH, draft->version, json_null(),
                  describe_version(work->ret_version));
}

int versions_submit(struct db *db, const struct versions_place *place, const void *bytes,
                    size_t size, struct arena *arena, struct q_version *ret_version,
                    bool *ret_created, struct versions_failure *ret_failure)
{
    CLEANUP(work_release)
    struct work work = {
        .place = place,
        .arena = arena,
        .ret_version = ret_version,
        .failure = ret_failure,
    };
    int r;

    r = parse(&work, bytes, size);
    if (r)
        return r;
    r = tx_run(db, submit, &work);
    if (r)
        return r;
    *ret_created = work.created;
    return 0;
}

/* ---- signing a draft ---------------------------------------------------------------------- */

/* The envelope with the signatures in it, in the form that envelope_build() writes. */
static int rebuild(struct work *work, struct q_version_manifest *manifest)
{
    json_auto_t *signatures = json_array();

    for (size_t i = 0; i < work->sent.envelope.signature_count; i++) {
        const struct envelope_signature *signature = &work->sent.envelope.signatures[i];
        char *hex = arena_alloc(work->arena, 2 * signature->size + 1);

        text_hex(signature->bytes, signature->size, hex);
        (void)json_array_append_new(signatures,
                                    json_pack("{s:s, s:s}", "keyid", signature->keyid, "sig", hex));
    }
    json_auto_t *root = json_pack("{s:O, s:O}", "signatures", signatures, "signed",
                                  work->sent.envelope.signed_part);
    AUTO_FREE char *text = root ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write an envelope: out of memory");
    manifest->size = strlen(text);
    if (manifest->size > MANIFEST_SIZE_MAX)
        return VERSIONS_E_LARGE;
    manifest->bytes = arena_memdup(work->arena, text, manifest->size);
    digest_sha256(manifest->bytes, manifest->size, manifest->sha256);
    return 0;
}

static bool bears(const struct envelope *envelope, const struct envelope_signature *signature)
{
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct envelope_signature *mine = &envelope->signatures[i];

        if (strcmp(mine->keyid, signature->keyid) == 0 && mine->size == signature->size &&
            memcmp(mine->bytes, signature->bytes, mine->size) == 0)
            return true;
    }
    return false;
}

/* The draft's envelope with the new signatures instead of none. */
static int take_signatures(struct work *work, const struct q_version_manifest *stored)
{
    const struct envelope_signature *signatures = work->sent.envelope.signatures;
    size_t count = work->sent.envelope.signature_count;
    struct envelope envelope = {0};
    int r;

    r = envelope_parse(stored->bytes, stored->size, SIZE_MAX, work->arena, &envelope,
                       &work->failure->error);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored manifest cannot be read: %s",
                        work->failure->error.text);
    if (r)
        return r;
    bool borne = true;
    for (size_t i = 0; i < count; i++)
        borne = borne && bears(&envelope, &signatures[i]);
    envelope_release(&work->sent.envelope); /* of a try before this one */
    work->sent.envelope = envelope;
    if (stored->published)
        return borne ? 0 : VERSIONS_E_PUBLISHED;
    work->sent.envelope.signatures = (struct envelope_signature *)(uintptr_t)signatures;
    work->sent.envelope.signature_count = count;
    return 0;
}

static int publish(struct db *db, struct work *work, struct q_version_manifest *manifest)
{
    int64_t id = manifest->id;
    int r;

    r = version_envelope_verify(db, work->model_id, work->arena, &work->sent, work->failure);
    if (r)
        return r;
    r = rebuild(work, manifest);
    if (r)
        return r;
    r = busy(q_variant_tie_artifacts(db, id));
    if (r)
        return r;
    r = require_artifacts(db, work, id);
    if (r)
        return r;
    r = version_envelope_decode(&work->sent, work->arena, work->failure);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored manifest cannot be read: %s",
                        work->failure->error.text);
    if (!r)
        r = take_formats(db, work, id);
    if (!r)
        r = store_signatures(db, work, id);
    if (!r)
        r = q_version_publish(db, manifest, work->place->now_ms);
    return r ? r : tell_lineage(db, work, id);
}

struct signing {
    struct work work;
    const struct envelope_signature *signatures;
    size_t count;
};

static int sign(struct db *db, void *arg)
{
    struct signing *signing = arg;
    struct work *work = &signing->work;
    struct q_version_manifest manifest;
    int r;

    r = resolve(db, work->place, work->arena, &work->model_id, &work->workspace);
    if (!r)
        r = refuse_archived(db, work);
    if (r)
        return r;
    work->draft.model_id = work->model_id;
    r = q_version_manifest(db, work->model_id, work->version, true, work->arena, &manifest);
    if (r == Q_VERSION_E_MISSING)
        return VERSIONS_E_MISSING;
    if (r)
        return r;
    work->sent.envelope.signatures = (struct envelope_signature *)(uintptr_t)signing->signatures;
    work->sent.envelope.signature_count = signing->count;
    r = take_signatures(work, &manifest);
    if (r)
        return r;
    if (manifest.published)
        return find(db, work->model_id, work->version, work->arena, work->ret_version);
    json_auto_t *before = describe_draft(&manifest);
    r = publish(db, work, &manifest);
    if (!r)
        r = find(db, work->model_id, work->version, work->arena, work->ret_version);
    if (r)
        return r;
    return record(db, work->place, AUDIT_VERSION_PUBLISH, work->version, json_incref(before),
                  describe_version(work->ret_version));
}

int versions_sign(struct db *db, const struct versions_place *place, const char *version,
                  const struct envelope_signature *signatures, size_t count, struct arena *arena,
                  struct q_version *ret_version, struct versions_failure *ret_failure)
{
    struct signing signing = {
        .work =
            {
                   .place = place,
                   .arena = arena,
                   .version = version,
                   .draft = {.workspace_id = place->workspace_id,
                          .created_by = place->actor->name,
                          .created_ms = place->now_ms},
                   .ret_version = ret_version,
                   .failure = ret_failure,
                   },
        .signatures = signatures,
        .count = count,
    };
    int r;

    r = tx_run(db, sign, &signing);
    work_release(&signing.work);
    return r;
}

/* ---- the rest ----------------------------------------------------------------------------- */

struct deletion {
    const struct versions_place *place;
    const char *version;
};

static int delete_draft(struct db *db, void *arg)
{
    const struct deletion *deletion = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_version_manifest manifest;
    int64_t model_id;
    int r;

    r = resolve(db, deletion->place, &arena, &model_id, NULL);
    if (r)
        return r;
    r = q_version_manifest(db, model_id, deletion->version, true, &arena, &manifest);
    if (r)
        return r == Q_VERSION_E_MISSING ? VERSIONS_E_MISSING : r;
    if (manifest.published)
        return VERSIONS_E_PUBLISHED;
    r = q_version_delete_draft(db, model_id, deletion->version);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a locked draft is gone") : r;
    return record(db, deletion->place, AUDIT_VERSION_DELETE_DRAFT, deletion->version,
                  describe_draft(&manifest), NULL);
}

int versions_delete_draft(struct db *db, const struct versions_place *place, const char *version)
{
    struct deletion deletion = {place, version};

    return tx_run(db, delete_draft, &deletion);
}

int versions_find(struct db *db, const struct versions_place *place, const char *version,
                  struct arena *arena, struct q_version *ret_version)
{
    int64_t model_id;
    int r;

    r = resolve(db, place, arena, &model_id, NULL);
    if (r)
        return r;
    return find(db, model_id, version, arena, ret_version);
}

int versions_list(struct db *db, const struct versions_place *place, const char *status,
                  int64_t before_id, int64_t limit, struct arena *arena,
                  struct q_version_page *ret_page)
{
    int64_t model_id;
    int r;

    r = resolve(db, place, arena, &model_id, NULL);
    if (r)
        return r;
    return q_version_list(db, model_id, status, before_id, limit, arena, ret_page);
}

int versions_manifest(struct db *db, const struct versions_place *place, const char *version,
                      struct arena *arena, struct q_version_manifest *ret_manifest)
{
    int64_t model_id;
    int r;

    r = resolve(db, place, arena, &model_id, NULL);
    if (r)
        return r;
    r = q_version_manifest(db, model_id, version, false, arena, ret_manifest);
    return r == Q_VERSION_E_MISSING ? VERSIONS_E_MISSING : r;
}
