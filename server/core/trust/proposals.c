/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/proposals.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/trust/image_rules.h"
#include "core/trust/online_keys.h"
#include "crypto/text.h"
#include "db/q_desired.h"
#include "db/q_tuf.h"
#include "model/rules.h"
#include "tuf/delegation.h"
#include "tuf/metadata.h"
#include "tuf/role.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_MIN_MS ((int64_t)3600000)

/* One submission on its way through the transaction. */
struct work {
    const struct proposals_place *place;
    struct q_tuf_place where;
    const void *bytes;
    size_t size;
    struct arena *arena;
    struct db *db;
    struct metadata file;      /* what was submitted, with the signatures of what was pending */
    struct metadata guarantor; /* the old root, or the targets file that delegates; may be none */
    struct proposals_result *result;
};

static int refuse(struct work *work, int outcome, const char *format, ...) PRINTF_LIKE(3, 4);

static int refuse(struct work *work, int outcome, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(work->result->reason.text, sizeof(work->result->reason.text), format, args);
    va_end(args);
    return outcome;
}

static bool is_root(const struct work *work)
{
    return strcmp(work->place->role, "root") == 0;
}

static bool is_image(const struct work *work)
{
    return strcmp(work->place->repository, IMAGE_REPOSITORY) == 0;
}

static enum metadata_type type_of(const struct work *work)
{
    return is_root(work) ? METADATA_ROOT : METADATA_TARGETS;
}

static bool role_exists(const struct work *work)
{
    const char *role = work->place->role;

    return is_root(work) || (is_image(work) && (strcmp(role, "targets") == 0 || rules_model(role)));
}

/* ---- who must sign
 * ------------------------------------------------------------------------------- */

/* Returns 0 or Q_TUF_E_MISSING or negative. */
static int load(struct work *work, const char *role, enum metadata_type type,
                struct metadata *ret_file)
{
    struct q_tuf_file stored;
    struct reason reason = {{0}};
    int r = q_tuf_get(work->db, &work->where, role, 0, work->arena, &stored);

    if (r)
        return r;
    r = metadata_parse(type, (const char *)stored.bytes, stored.size, ret_file, &reason);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored '%s' cannot be read: %s", role, reason.text);
    return r;
}

static int find_delegation(struct work *work, struct tuf_role *ret_role)
{
    struct delegation delegation;

    if (!delegation_named(&work->guarantor, work->place->role, &delegation))
        return refuse(work, PROPOSALS_E_ROLE,
                      "the top-level targets delegate nothing to '%s'; grant its publishers first",
                      work->place->role);
    *ret_role = delegation.role;
    return 0;
}

/* The role that signs the file, from what is in force now. */
static int find_signers(struct work *work, struct tuf_role *ret_role)
{
    bool of_root = is_root(work) || strcmp(work->place->role, "targets") == 0;
    int r = load(work, of_root ? "root" : "targets", of_root ? METADATA_ROOT : METADATA_TARGETS,
                 &work->guarantor);

    if (r == Q_TUF_E_MISSING && is_root(work)) {
        *ret_role = role_of_root(&work->file, METADATA_ROOT);
        return 0;
    }
    if (r == Q_TUF_E_MISSING)
        return refuse(work, PROPOSALS_E_ROLE, "the workspace has no %s yet; sign that first",
                      of_root ? "root" : "top-level targets");
    if (r)
        return r;
    if (!of_root)
        return find_delegation(work, ret_role);
    *ret_role = role_of_root(&work->guarantor, type_of(work));
    return 0;
}

/* ---- what is asked of the file
 * --------------------------------------------------------------------- */

static int parse(struct work *work)
{
    struct reason reason = {{0}};
    int r = metadata_parse(type_of(work), work->bytes, work->size, &work->file, &reason);

    if (r > 0)
        return refuse(work, PROPOSALS_E_FORMAT, "%s", reason.text);
    work->result->version = work->file.version;
    return r;
}

static int check_version(struct work *work)
{
    struct q_tuf_file stored;
    int64_t expected = 1;
    int r = q_tuf_get(work->db, &work->where, work->place->role, 0, work->arena, &stored);

    if (r && r != Q_TUF_E_MISSING)
        return r;
    if (!r)
        expected = stored.version + 1;
    work->result->expected_version = expected;
    if (work->file.version != expected)
        return refuse(work, PROPOSALS_E_VERSION, "version %lld is expected, not %lld",
                      (long long)expected, (long long)work->file.version);
    if (work->file.expires_ms < work->place->now_ms + LIFE_MIN_MS)
        return refuse(work, PROPOSALS_E_EXPIRED, "it expires within the hour, or has already");
    return 0;
}

static int check_root(struct work *work)
{
    struct key online;
    int r = online_keys_offer(work->db, work->place->vault, &work->where, work->place->actor,
                              work->place->now_ms, &online);

    if (r > 0)
        return refuse(work, PROPOSALS_E_CLOSED,
                      "this server has no master key (keys.master_file), so it cannot sign");
    if (r)
        return r;
    r = rules_root(&work->file, work->place->repository, online.id, &work->result->reason);
    return r > 0 ? PROPOSALS_E_FORMAT : r;
}

static int check_rules(struct work *work, const char *const **ret_versions, size_t *ret_count)
{
    const char *model = rules_model(work->place->role);
    int r;

    if (is_root(work))
        return check_root(work);
    r = model ? image_rules_model_role(work->db, work->place->workspace_id, model, &work->file,
                                       work->arena, ret_versions, ret_count, &work->result->reason)
              : rules_targets(&work->file, &work->result->reason);
    return r > 0 ? PROPOSALS_E_FORMAT : r;
}

/* ---- signatures
 * ------------------------------------------------------------------------------------ */

/* Adds what others have signed of the same file. Something else that is pending is in the way. */
static int merge_pending(struct work *work)
{
    struct q_tuf_pending pending;
    json_auto_t *theirs = NULL;
    json_t *ours = json_object_get(work->file.document, "signatures");
    size_t i;
    json_t *signature;
    int r = q_tuf_pending_get(work->db, &work->where, work->place->role, work->arena, &pending);

    if (r)
        return r == Q_TUF_E_MISSING ? 0 : r;
    if (pending.version != work->file.version)
        return 0; /* overtaken by what came into force meanwhile */
    theirs = json_loadb((const char *)pending.envelope, pending.size, 0, NULL);
    if (!json_equal(json_object_get(theirs, "signed"), work->file.signed_part))
        return refuse(work, PROPOSALS_E_PENDING,
                      "another version %lld by '%s' waits for signatures; sign that one, or "
                      "withdraw it",
                      (long long)pending.version, pending.created_by);
    json_array_foreach (json_object_get(theirs, "signatures"), i, signature) {
        bool known = false;

        for (size_t j = 0; j < json_array_size(ours); j++)
            known = known || json_equal(json_object_get(json_array_get(ours, j), "keyid"),
                                        json_object_get(signature, "keyid"));
        if (!known && json_array_append(ours, signature))
            return log_fail(ERR_NO_MEMORY, "cannot merge signatures: out of memory");
    }
    return 0;
}

static int count(struct work *work, const struct tuf_role *role, int64_t *ret_count)
{
    struct reason reason = {{0}};
    int r = role_count(role, &work->file, ret_count, &reason);

    return r > 0 ? refuse(work, PROPOSALS_E_SIGNATURE, "%s", reason.text) : r;
}

/* A root needs the threshold of the old root's keys and of its own. */
static int count_signatures(struct work *work, const struct tuf_role *signers, bool *ret_enough)
{
    struct proposals_result *result = work->result;
    struct tuf_role own = is_root(work) ? role_of_root(&work->file, METADATA_ROOT) : *signers;
    int r = count(work, &own, &result->signatures);

    result->threshold = own.threshold;
    result->old_threshold = 0;
    if (!r && is_root(work) && work->guarantor.document) {
        result->old_threshold = signers->threshold;
        r = count(work, signers, &result->old_signatures);
    }
    if (r)
        return r;
    if (result->signatures + result->old_signatures == 0)
        return refuse(work, PROPOSALS_E_SIGNATURE, "no key that may sign '%s' has signed it",
                      work->place->role);
    *ret_enough =
        result->signatures >= result->threshold && result->old_signatures >= result->old_threshold;
    return 0;
}

/* ---- outcome
 * --------------------------------------------------------------------------------------- */

static int keep_pending(struct work *work, const char *text)
{
    struct q_tuf_pending pending = {
        .role = work->place->role,
        .version = work->file.version,
        .envelope = (const uint8_t *)text,
        .size = strlen(text),
        .created_by = work->place->actor->name,
        .created_ms = work->place->now_ms,
    };

    return q_tuf_pending_put(work->db, &work->where, &pending);
}

static int put_in_force(struct work *work, const char *text)
{
    struct q_tuf_file file = {
        .role = work->place->role,
        .version = work->file.version,
        .expires_ms = work->file.expires_ms,
        .bytes = (const uint8_t *)text,
        .size = strlen(text),
    };
    bool removed;
    int r;

    digest_sha256(file.bytes, file.size, file.sha256);
    r = q_tuf_put(work->db, &work->where, &file, work->place->actor->name, work->place->now_ms);
    if (r == Q_TUF_E_EXISTS)
        return log_fail(ERR_INTERNAL, "a version of '%s' was given out twice", file.role);
    if (r)
        return r;
    r = q_tuf_pending_delete(work->db, &work->where, work->place->role, &removed);
    if (r || !is_image(work))
        return r;
    r = image_remake(work->db, work->place->vault, work->place->lifetimes,
                     work->place->workspace_id, work->place->now_ms);
    if (r > 0)
        return refuse(work, PROPOSALS_E_CLOSED,
                      r == IMAGE_E_CLOSED
                          ? "this server has no master key (keys.master_file), so it cannot sign"
                          : "the root in force names no online key that this server can open");
    return r;
}

static int record(struct db *db, const struct proposals_place *place, enum audit_action action,
                  const char *object, json_t *before, json_t *after)
{
    return audit_record(db, &(struct audit_change){
                                .workspace_id = place->workspace_id,
                                .actor = place->actor,
                                .now_ms = place->now_ms,
                                .action = action,
                                .object = object,
                                .before = before,
                                .after = after,
                            });
}

static const char *object_of(const struct proposals_place *place, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", place->repository, place->role);
}

/* What was signed, and by how many. */
static int record_file(struct work *work, bool in_force, const char *text)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    digest_sha256(text, strlen(text), digest);
    text_hex(digest, sizeof(digest), hex);
    return record(work->db, work->place, in_force ? AUDIT_TRUST_ACCEPT : AUDIT_TRUST_PROPOSE,
                  object_of(work->place, work->arena), NULL,
                  json_pack("{s:I, s:s, s:I, s:I}", "version", (json_int_t)work->file.version,
                            "sha256", hex, "signatures", (json_int_t)work->result->signatures,
                            "threshold", (json_int_t)work->result->threshold));
}

static int record_versions(struct work *work, const char *model, const struct q_tuf_names *listed,
                           const struct q_tuf_names *yanked)
{
    int r = 0;

    for (size_t i = 0; !r && i < listed->count; i++)
        r = record(work->db, work->place, AUDIT_VERSION_RELEASE,
                   arena_printf(work->arena, "%s@%s", model, listed->names[i]), NULL,
                   json_pack("{s:s}", "listing", "listed"));
    for (size_t i = 0; !r && i < yanked->count; i++)
        r = record(work->db, work->place, AUDIT_VERSION_YANK,
                   arena_printf(work->arena, "%s@%s", model, yanked->names[i]),
                   json_pack("{s:s}", "listing", "listed"),
                   json_pack("{s:s}", "listing", "yanked"));
    return r;
}

static int settle(struct work *work, bool enough, const char *const *versions, size_t version_count)
{
    AUTO_FREE char *text = json_dumps(work->file.document, JSON_COMPACT | JSON_SORT_KEYS);
    const char *model = rules_model(work->place->role);
    int r;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write metadata: out of memory");
    work->result->in_force = enough;
    struct q_tuf_names listed = {0};
    struct q_tuf_names yanked = {0};
    r = enough ? put_in_force(work, text) : keep_pending(work, text);
    if (!r && enough && model)
        r = q_tuf_mark(work->db,
                       &(struct q_tuf_listing){
                           .workspace_id = work->place->workspace_id,
                           .model = model,
                           .versions = versions,
                           .count = version_count,
                           .actor = work->place->actor->name,
                           .now_ms = work->place->now_ms,
                       },
                       work->arena, &listed, &yanked);
    if (!r && yanked.count > 0)
        r = q_desired_wake(work->db, work->place->workspace_id, model, yanked.names, yanked.count,
                           work->arena);
    if (!r)
        r = record_file(work, enough, text);
    return r ? r : record_versions(work, model, &listed, &yanked);
}

static void reset(struct work *work)
{
    metadata_release(&work->file);
    metadata_release(&work->guarantor);
    *work->result = (struct proposals_result){0};
}

static int submit(struct db *db, void *arg)
{
    struct work *work = arg;
    const char *const *versions = NULL;
    size_t version_count = 0;
    struct tuf_role signers;
    bool enough = false;
    int r;

    reset(work); /* of a try before this one */
    work->db = db;
    r = parse(work);
    if (!r)
        r = q_tuf_lock(db, work->place->workspace_id);
    if (!r)
        r = find_signers(work, &signers);
    if (!r)
        r = check_version(work);
    if (!r)
        r = check_rules(work, &versions, &version_count);
    if (!r)
        r = merge_pending(work);
    if (!r)
        r = count_signatures(work, &signers, &enough);
    return r ? r : settle(work, enough, versions, version_count);
}

int proposals_submit(struct db *db, const struct proposals_place *place, const void *bytes,
                     size_t size, struct proposals_result *ret_result)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct work work = {
        .place = place,
        .where = {place->workspace_id, place->repository},
        .bytes = bytes,
        .size = size,
        .arena = &arena,
        .result = ret_result,
    };
    int r;

    *ret_result = (struct proposals_result){0};
    if (!role_exists(&work))
        return refuse(&work, PROPOSALS_E_ROLE,
                      "the %s repository has no role '%.80s' that people sign", place->repository,
                      place->role);
    r = tx_run(db, submit, &work);
    metadata_release(&work.file);
    metadata_release(&work.guarantor);
    return r;
}

static int withdraw(struct db *db, void *arg)
{
    const struct proposals_place *place = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_tuf_place where = {place->workspace_id, place->repository};
    struct q_tuf_pending pending;
    bool removed;
    int r = q_tuf_lock(db, place->workspace_id);

    if (!r)
        r = q_tuf_pending_get(db, &where, place->role, &arena, &pending);
    if (r)
        return r == Q_TUF_E_MISSING ? PROPOSALS_E_MISSING : r;
    r = q_tuf_pending_delete(db, &where, place->role, &removed);
    if (r)
        return r;
    return record(db, place, AUDIT_TRUST_WITHDRAW, object_of(place, &arena),
                  json_pack("{s:I, s:s}", "version", (json_int_t)pending.version, "created_by",
                            pending.created_by),
                  NULL);
}

int proposals_withdraw(struct db *db, const struct proposals_place *place)
{
    return tx_run(db, withdraw, (void *)(uintptr_t)place);
}
