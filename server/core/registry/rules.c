/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/rules.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_rules.h"

#include <stdlib.h>
#include <string.h>

const char *rules_check_role(const char *text)
{
    static const char *const roles[] = {"publisher", "operator", "admin"};

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (strcmp(roles[i], text) == 0)
            return NULL;
    }
    return "publisher, operator or admin";
}

static int find(struct db *db, int64_t workspace_id, int64_t model_id, struct arena *arena,
                struct rules_found *ret_found)
{
    struct q_rules stored = {.protected_json = "{}"};
    int r = q_rules_find(db, workspace_id, model_id, arena, &stored);

    if (r && r != Q_RULES_E_MISSING)
        return r;
    *ret_found = (struct rules_found){
        .approvals = stored.approvals,
        .aliases_json = stored.protected_json,
        .revision = stored.revision,
        .set_ms = stored.set_ms,
        .set_by = stored.set_by,
    };
    return 0;
}

/* 0 stands for the workspace. */
static int resolve(struct db *db, const struct registry_place *place, int64_t *ret_model_id,
                   struct registry_refusal *refusal)
{
    *ret_model_id = 0;
    return place->model ? registry_find_model(db, place, ret_model_id, refusal) : 0;
}

int rules_find(struct db *db, const struct registry_place *place, struct arena *arena,
               struct rules_found *ret_found, struct registry_refusal *ret_refusal)
{
    int64_t model_id;
    int r = resolve(db, place, &model_id, ret_refusal);

    return r ? r : find(db, place->workspace_id, model_id, arena, ret_found);
}

struct change {
    const struct registry_place *place;
    const struct rules *rules;
    int64_t expected;
    struct arena *arena;
    struct rules_found *ret_found;
    struct registry_refusal *refusal;
};

static json_t *describe(const struct rules_found *found)
{
    return json_pack("{s:I, s:o}", "approvals", (json_int_t)found->approvals, "aliases",
                     json_loads(found->aliases_json, 0, NULL));
}

static int record(struct db *db, const struct change *change, const struct rules_found *before)
{
    struct registry_place place = *change->place;
    enum audit_action action = place.model ? AUDIT_MODEL_SET_RULES : AUDIT_WORKSPACE_SET_RULES;
    int r = 0;

    /* The object is the model, or else the workspace. */
    if (!place.model)
        r = q_rules_workspace(db, place.workspace_id, change->arena, &place.model);
    if (r)
        return r;
    return registry_record(db, &place, action, NULL, describe(before), describe(change->ret_found));
}

static int store(struct db *db, const struct change *change, int64_t model_id)
{
    const struct rules *rules = change->rules;
    json_auto_t *aliases = fields_pairs_to_json(rules->aliases, rules->alias_count);
    AUTO_FREE char *text = aliases ? json_dumps(aliases, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const struct q_rules stored = {
        .approvals = rules->approvals,
        .protected_json = text,
        .set_ms = change->place->now_ms,
        .set_by = change->place->actor->name,
    };
    int64_t revision;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write rules: out of memory");
    return q_rules_set(db, change->place->workspace_id, model_id, &stored, &revision);
}

static int set(struct db *db, void *arg)
{
    struct change *change = arg;
    int64_t workspace_id = change->place->workspace_id;
    struct rules_found before = {0};
    int64_t model_id;
    int r = resolve(db, change->place, &model_id, change->refusal);

    if (!r)
        r = q_rules_lock(db, workspace_id);
    if (!r)
        r = find(db, workspace_id, model_id, change->arena, &before);
    if (!r)
        r = registry_match(change->expected, before.revision, change->refusal);
    if (!r)
        r = store(db, change, model_id);
    if (!r)
        r = find(db, workspace_id, model_id, change->arena, change->ret_found);
    return r ? r : record(db, change, &before);
}

int rules_set(struct db *db, const struct registry_place *place, const struct rules *rules,
              int64_t expected, struct arena *arena, struct rules_found *ret_found,
              struct registry_refusal *ret_refusal)
{
    struct change change = {place, rules, expected, arena, ret_found, ret_refusal};

    return tx_run(db, set, &change);
}

int rules_may_move(struct db *db, const struct registry_place *place, int64_t model_id,
                   const char *alias, struct arena *arena, struct registry_refusal *refusal)
{
    const char *needed;
    int r = q_rules_role(db, place->workspace_id, model_id, alias, arena, &needed);

    if (r || !needed || strcmp(place->actor->role, needed) == 0 ||
        strcmp(place->actor->role, "admin") == 0)
        return r;
    return registry_refuse(refusal, REGISTRY_E_PROTECTED,
                           "alias '%s' of '%s' is protected: it takes a token with the role '%s' "
                           "to move it, yours is '%s'",
                           alias, place->model, needed, place->actor->role);
}
