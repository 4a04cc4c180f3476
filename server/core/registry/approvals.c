/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/approvals.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_t *describe(const struct q_approval *approval)
{
    json_t *object =
        json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)approval->id, "approved_by",
                  approval->approved_by, "role", approval->role, "reason", approval->reason,
                  "evidence", json_loads(approval->evidence, 0, NULL));

    if (object && approval->withdrawn_ms != 0 &&
        (json_object_set_new(object, "withdrawn_by", json_string(approval->withdrawn_by)) ||
         json_object_set_new(object, "withdraw_reason", json_string(approval->withdraw_reason)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---- giving ------------------------------------------------------------------------------- */

struct giving {
    const struct registry_place *place;
    const char *version;
    struct q_approval approval;
    struct arena *arena;
    struct registry_refusal *refusal;
};

static int give(struct db *db, void *arg)
{
    struct giving *giving = arg;
    const struct registry_place *place = giving->place;
    struct q_life version;
    int r =
        registry_share_usable(db, place, giving->version, giving->arena, &version, giving->refusal);

    if (!r)
        r = q_approval_insert(db, place->workspace_id, version.id, &giving->approval);
    if (r == Q_APPROVAL_E_EXISTS)
        return registry_refuse(giving->refusal, REGISTRY_E_APPROVED,
                               "'%s' has approved version '%s' of '%s' already; withdraw that "
                               "approval to give another one",
                               place->actor->name, giving->version, place->model);
    if (r)
        return r;
    return registry_record(db, place, AUDIT_VERSION_APPROVE, giving->version, NULL,
                           describe(&giving->approval));
}

static int write_evidence(const struct approvals_draft *draft, struct arena *arena,
                          const char **ret_text)
{
    json_auto_t *evidence = json_array();
    bool good = evidence;

    for (size_t i = 0; i < draft->evidence_count; i++)
        good = good && json_array_append_new(evidence, json_string(draft->evidence[i])) == 0;
    AUTO_FREE char *text = good ? json_dumps(evidence, JSON_COMPACT) : NULL;
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write an approval: out of memory");
    *ret_text = arena_strdup(arena, text);
    return 0;
}

int approvals_give(struct db *db, const struct registry_place *place, const char *version,
                   const struct approvals_draft *draft, struct arena *arena,
                   struct q_approval *ret_approval, struct registry_refusal *ret_refusal)
{
    struct giving giving = {
        .place = place,
        .version = version,
        .approval =
            {
                       .token_id = place->actor->id,
                       .approved_by = place->actor->name,
                       .role = place->actor->role,
                       .reason = draft->reason,
                       .approved_ms = place->now_ms,
                       },
        .arena = arena,
        .refusal = ret_refusal,
    };
    int r = write_evidence(draft, arena, &giving.approval.evidence);

    if (!r)
        r = tx_run(db, give, &giving);
    if (r)
        return r;
    *ret_approval = giving.approval;
    return 0;
}

/* ---- withdrawing -------------------------------------------------------------------------- */

struct withdrawal {
    const struct registry_place *place;
    const char *version;
    int64_t id;
    const char *reason;
    struct arena *arena;
    struct registry_refusal *refusal;
};

/* The version, whatever its state: an approval can always be withdrawn. */
static int find_version(struct db *db, const struct registry_place *place, const char *version,
                        struct arena *arena, struct q_life *ret_version,
                        struct registry_refusal *refusal)
{
    int64_t model_id;
    int r = registry_find_model(db, place, &model_id, refusal);

    if (r)
        return r;
    return registry_hold_version(db, place, model_id, version, Q_LIFE_SHARED, arena, ret_version,
                                 refusal);
}

static int store_withdrawal(struct db *db, const struct withdrawal *withdrawal,
                            struct q_approval *approval)
{
    const struct registry_place *place = withdrawal->place;
    json_auto_t *before = describe(approval);
    int r;

    approval->withdrawn_ms = place->now_ms;
    approval->withdrawn_by = place->actor->name;
    approval->withdraw_reason = withdrawal->reason;
    r = q_approval_withdraw(db, approval);
    if (r)
        return r;
    return registry_record(db, place, AUDIT_VERSION_WITHDRAW_APPROVAL, withdrawal->version,
                           json_incref(before), describe(approval));
}

static int withdraw(struct db *db, void *arg)
{
    const struct withdrawal *withdrawal = arg;
    const struct audit_actor *actor = withdrawal->place->actor;
    struct q_approval approval;
    struct q_life version;
    int r = find_version(db, withdrawal->place, withdrawal->version, withdrawal->arena, &version,
                         withdrawal->refusal);

    if (!r)
        r = q_approval_lock(db, version.id, withdrawal->id, withdrawal->arena, &approval);
    if (r == Q_APPROVAL_E_MISSING)
        return registry_refuse(withdrawal->refusal, REGISTRY_E_APPROVAL,
                               "version '%s' of '%s' has no approval %" PRId64, withdrawal->version,
                               withdrawal->place->model, withdrawal->id);
    if (r)
        return r;
    if (strcmp(approval.approved_by, actor->name) != 0 && strcmp(actor->role, "admin") != 0)
        return registry_refuse(withdrawal->refusal, REGISTRY_E_FORBIDDEN,
                               "approval %" PRId64 " is by '%s': they withdraw it, or an "
                               "administrator",
                               withdrawal->id, approval.approved_by);
    return approval.withdrawn_ms ? 0 : store_withdrawal(db, withdrawal, &approval);
}

int approvals_withdraw(struct db *db, const struct registry_place *place, const char *version,
                       int64_t id, const char *reason, struct arena *arena,
                       struct registry_refusal *ret_refusal)
{
    struct withdrawal withdrawal = {place, version, id, reason, arena, ret_refusal};

    return tx_run(db, withdraw, &withdrawal);
}

/* ---- listing ------------------------------------------------------------------------------ */

struct listing {
    const struct registry_place *place;
    const char *version;
    int64_t after_id;
    int64_t limit;
    struct arena *arena;
    struct approvals_page *ret_page;
    struct registry_refusal *refusal;
};

static int list(struct db *db, void *arg)
{
    const struct listing *listing = arg;
    struct approvals_page *page = listing->ret_page;
    struct q_life version;
    int r = find_version(db, listing->place, listing->version, listing->arena, &version,
                         listing->refusal);

    if (!r)
        r = q_approval_list(db, version.id, listing->after_id, listing->limit, listing->arena,
                            &page->approvals, &page->count);
    if (!r)
        r = q_approval_tally(db, listing->place->workspace_id, version.model_id, version.id,
                             listing->arena, &page->tally);
    return r;
}

int approvals_list(struct db *db, const struct registry_place *place, const char *version,
                   int64_t after_id, int64_t limit, struct arena *arena,
                   struct approvals_page *ret_page, struct registry_refusal *ret_refusal)
{
    struct listing listing = {place, version, after_id, limit, arena, ret_page, ret_refusal};

    return tx_run(db, list, &listing);
}
