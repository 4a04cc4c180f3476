/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_audit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct audit_action_info audit_actions[AUDIT_ACTION_COUNT] = {
  /* clang-format off */
    [AUDIT_WORKSPACE_CREATE]     = {"workspace.create",      "workspace",  false, true,  "a workspace was made"},
    [AUDIT_WORKSPACE_SET_LIMITS] = {"workspace.set-limits",  "workspace",  true,  true,  "its quota or its largest artifact was changed"},
    [AUDIT_TOKEN_CREATE]         = {"token.create",          "token",      false, true,  "an API token was made"},
    [AUDIT_TOKEN_REVOKE]         = {"token.revoke",          "token",      true,  true,  "an API token was revoked"},
    [AUDIT_MODEL_CREATE]         = {"model.create",          "model",      false, true,  "a model was made"},
    [AUDIT_MODEL_ADD_KEY]        = {"model.add-key",         "model",      false, true,  "a publisher's key was added to a model"},
    [AUDIT_MODEL_REVOKE_KEY]     = {"model.revoke-key",      "model",      true,  true,  "a publisher's key was revoked"},
    [AUDIT_MODEL_CHANGE]         = {"model.change",          "model",      true,  true,  "description, tags or card of a model were changed"},
    [AUDIT_MODEL_ARCHIVE]        = {"model.archive",         "model",      true,  true,  "a model was taken out of use"},
    [AUDIT_MODEL_RESTORE]        = {"model.restore",         "model",      true,  true,  "an archived model was taken into use again"},
    [AUDIT_MODEL_DELETE]         = {"model.delete",          "model",      true,  false, "a model that never had a version was deleted"},
    [AUDIT_MODEL_SET_RULES]      = {"model.set-rules",       "model",      true,  true,  "what is demanded of a model was changed"},
    [AUDIT_MODEL_SET_RETENTION]  = {"model.set-retention",   "model",      true,  true,  "which versions of a model are kept was changed"},
    [AUDIT_WORKSPACE_SET_RULES]  = {"workspace.set-rules",   "workspace",  true,  true,  "what is demanded of all models was changed"},
    [AUDIT_ALIAS_SET]            = {"alias.set",             "alias",      true,  true,  "an alias was made or moved"},
    [AUDIT_ALIAS_REMOVE]         = {"alias.remove",          "alias",      true,  false, "an alias was removed"},
    [AUDIT_VERSION_DRAFT]        = {"version.draft",         "version",    false, true,  "an unsigned version was submitted"},
    [AUDIT_VERSION_PUBLISH]      = {"version.publish",       "version",    true,  true,  "a version was signed, and never changes from then on"},
    [AUDIT_VERSION_DELETE_DRAFT] = {"version.delete-draft",  "version",    true,  false, "a draft was removed"},
    [AUDIT_VERSION_ADD_VARIANT]  = {"version.add-variant",   "version",    false, true,  "a signed variant was added to a published version"},
    [AUDIT_VERSION_ANNOTATE]     = {"version.annotate",      "version",    true,  true,  "tags, metrics, parameters or card were changed, beside what is signed"},
    [AUDIT_VERSION_APPROVE]      = {"version.approve",       "version",    false, true,  "somebody found a version fit for deployment"},
    [AUDIT_VERSION_WITHDRAW_APPROVAL] = {"version.withdraw-approval", "version", true, true, "an approval was withdrawn"},
    [AUDIT_VERSION_ARCHIVE]      = {"version.archive",       "version",    true,  true,  "a version was taken out of use"},
    [AUDIT_VERSION_RESTORE]      = {"version.restore",       "version",    true,  true,  "an archived version was taken into use again"},
    [AUDIT_VERSION_DELETE]       = {"version.delete",        "version",    true,  true,  "an archived version was deleted for good; what was signed stays"},
    [AUDIT_VERSION_RELEASE]      = {"version.release",       "version",    false, true,  "the role of its publishers lists a version: devices accept it"},
    [AUDIT_VERSION_YANK]         = {"version.yank",          "version",    true,  true,  "the role of its publishers dropped a version: devices refuse it"},
    [AUDIT_ARTIFACT_STORE]       = {"artifact.store",        "artifact",   false, true,  "an upload was completed"},
    [AUDIT_ARTIFACT_RECLAIM]     = {"artifact.reclaim",      "artifact",   true,  false, "the server removed bytes that no version has"},
    [AUDIT_ENROLMENT_CREATE]     = {"enrolment.create",      "enrolment",  false, true,  "an enrolment token was made"},
    [AUDIT_ENROLMENT_REVOKE]     = {"enrolment.revoke",      "enrolment",  true,  true,  "an enrolment token was revoked"},
    [AUDIT_DEVICE_ENROL]         = {"device.enrol",          "device",     false, true,  "a device enrolled, or enrolled again"},
    [AUDIT_DEVICE_REVOKE]        = {"device.revoke",         "device",     true,  true,  "a device was revoked"},
    [AUDIT_DEVICE_ISSUE_TOKEN]   = {"device.issue-token",    "device",     false, true,  "a device asked for a new token"},
    [AUDIT_DEVICE_SET_FACTS]     = {"device.set-facts",      "device",     true,  true,  "a device reported other attributes or capabilities"},
    [AUDIT_DESIRED_REPLACE]      = {"desired.replace",       "device",     true,  true,  "what a device shall run was changed"},
    [AUDIT_DESIRED_SET_SLOT]     = {"desired.set-slot",      "devices",    true,  true,  "a slot of many devices was set"},
    [AUDIT_TRUST_MAKE_KEY]       = {"trust.make-key",        "repository", false, true,  "the server made itself a signing key"},
    [AUDIT_TRUST_PROPOSE]        = {"trust.propose",         "role",       false, true,  "metadata was signed by too few yet"},
    [AUDIT_TRUST_ACCEPT]         = {"trust.accept",          "role",       false, true,  "signed metadata came into force"},
    [AUDIT_TRUST_WITHDRAW]       = {"trust.withdraw",        "role",       true,  false, "proposed metadata was withdrawn"},
    [AUDIT_LINEAGE_TAKE]         = {"lineage.take",          "event",      false, true,  "an OpenLineage event was taken; it is named by its SHA-256"},
  /* clang-format on */
};

const struct audit_actor audit_server = {
    .kind = "server",
    .name = "modelferryd",
    .role = "",
    .address = "",
};

/* The text that is stored; NULL for nothing. */
static int write_text(const json_t *value, char **ret_text)
{
    bool is_something = value && !json_is_null(value);

    *ret_text = is_something ? json_dumps(value, JSON_COMPACT) : NULL;
    if (is_something && !*ret_text)
        return log_fail(ERR_NO_MEMORY, "cannot write an audit entry: out of memory");
    return 0;
}

static int append(struct db *db, int64_t workspace_id, struct audit_entry *entry)
{
    CLEANUP(arena_release) struct arena arena = {0};
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct q_audit_head head;
    int r;

    r = write_text(entry->before, &before);
    if (!r)
        r = write_text(entry->after, &after);
    if (!r)
        r = q_audit_lock(db, workspace_id, &arena, &head);
    if (r)
        return r;
    if (!head.workspace)
        return log_fail(ERR_INTERNAL, "there is no workspace %lld to record for",
                        (long long)workspace_id);
    entry->workspace = head.workspace;
    entry->seq = head.seq + 1;
    memcpy(entry->previous, head.hash, sizeof(entry->previous));
    r = audit_entry_digest(entry, hash);
    return r ? r : q_audit_insert(db, workspace_id, entry, before, after, hash);
}

int audit_record(struct db *db, const struct audit_change *change)
{
    const struct audit_action_info *action = &audit_actions[change->action];
    json_auto_t *before = change->before;
    json_auto_t *after = change->after;
    struct audit_entry entry = {
        .at_ms = change->now_ms,
        .actor = *change->actor,
        .action = action->name,
        .kind = action->kind,
        .object = change->object,
        .before = before,
        .after = after,
    };
    int r;

    assert(tx_active(db));
    if (!before == action->before || !after == action->after)
        return log_fail(before || after ? ERR_INTERNAL : ERR_NO_MEMORY,
                        "cannot record '%s' of '%s': not what it was, or became", action->name,
                        change->object);
    r = append(db, change->workspace_id, &entry);
    return r > 0 && r != DB_E_SERIALIZATION
               ? log_fail(ERR_INTERNAL, "cannot record '%s' of '%s': outcome %d", action->name,
                          change->object, r)
               : r;
}
