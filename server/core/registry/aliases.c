/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/aliases.h"

#include "core/registry/rules.h"

#include <string.h>

/* A move on its way through the transaction. */
struct move {
    const struct registry_place *place;
    const char *alias;
    const char *version; /* NULL: it goes */
    int64_t expected;
    struct arena *arena;
    struct q_alias current; /* version NULL: there is none */
    struct q_alias *ret_alias;
    struct registry_refusal *refusal;
};

static int find(struct db *db, int64_t model_id, const char *alias, struct arena *arena,
                struct q_alias *ret_alias)
{
    int r = q_alias_find(db, model_id, alias, arena, ret_alias);

    if (r == Q_ALIAS_E_MISSING)
        *ret_alias = (struct q_alias){.name = alias};
    return r == Q_ALIAS_E_MISSING ? 0 : r;
}

static int refuse_missing(const struct registry_place *place, const char *alias,
                          struct registry_refusal *refusal)
{
    return registry_refuse(refusal, REGISTRY_E_ALIAS,
                           "model '%s' has no alias '%s'; GET /api/v1/models/%s/aliases lists them",
                           place->model, alias, place->model);
}

/* Who moves it, and from where, are as they should be. */
static int check(struct db *db, struct move *move, struct q_life *ret_model)
{
    const struct registry_place *place = move->place;
    int64_t revision;
    int r = registry_hold_model(db, place, Q_LIFE_EXCLUSIVE, move->arena, ret_model, move->refusal);

    if (!r)
        r = rules_may_move(db, place, ret_model->id, move->alias, move->arena, move->refusal);
    if (!r)
        r = find(db, ret_model->id, move->alias, move->arena, &move->current);
    if (r)
        return r;
    revision = move->current.version ? move->current.revision : REGISTRY_NONE;
    r = registry_match(move->expected, revision, move->refusal);
    if (r == REGISTRY_E_MATCH)
        move->refusal->version = move->current.version;
    return r;
}

static int store(struct db *db, const struct move *move, int64_t model_id, int64_t version_id)
{
    const struct registry_place *place = move->place;
    const char *before = move->current.version;
    int64_t revision;
    int r = q_alias_move(db,
                         &(struct q_alias_move){
                             .workspace_id = place->workspace_id,
                             .model_id = model_id,
                             .name = move->alias,
                             .version_id = version_id,
                             .moved_by = place->actor->name,
                             .now_ms = place->now_ms,
                         },
                         &revision);

    if (r)
        return r;
    if (!move->version)
        return registry_record(db, place, AUDIT_ALIAS_REMOVE, move->alias,
                               json_pack("{s:s}", "version", before), NULL);
    return registry_record(db, place, AUDIT_ALIAS_SET, move->alias,
                           before ? json_pack("{s:s}", "version", before) : json_null(),
                           json_pack("{s:s}", "version", move->version));
}

static int set(struct db *db, void *arg)
{
    struct move *move = arg;
    struct q_life version;
    struct q_life model;
    int r = check(db, move, &model);

    if (!r)
        r = registry_share_usable(db, move->place, move->version, move->arena, &version,
                                  move->refusal);
    if (r)
        return r;
    if (!move->current.version || strcmp(move->current.version, move->version) != 0)
        r = store(db, move, model.id, version.id);
    return r ? r : find(db, model.id, move->alias, move->arena, move->ret_alias);
}

int aliases_set(struct db *db, const struct registry_place *place, const char *alias,
                const char *version, int64_t expected, struct arena *arena,
                struct q_alias *ret_alias, struct registry_refusal *ret_refusal)
{
    struct move move = {
        .place = place,
        .alias = alias,
        .version = version,
        .expected = expected,
        .arena = arena,
        .ret_alias = ret_alias,
        .refusal = ret_refusal,
    };

    return tx_run(db, set, &move);
}

static int remove_it(struct db *db, void *arg)
{
    struct move *move = arg;
    struct q_life model;
    int r = check(db, move, &model);

    if (r)
        return r;
    if (!move->current.version)
        return refuse_missing(move->place, move->alias, move->refusal);
    return store(db, move, model.id, 0);
}

int aliases_remove(struct db *db, const struct registry_place *place, const char *alias,
                   int64_t expected, struct arena *arena, struct registry_refusal *ret_refusal)
{
    struct move move = {
        .place = place,
        .alias = alias,
        .expected = expected,
        .arena = arena,
        .refusal = ret_refusal,
    };

    return tx_run(db, remove_it, &move);
}

int aliases_find(struct db *db, const struct registry_place *place, const char *alias,
                 struct arena *arena, struct q_alias *ret_alias,
                 struct registry_refusal *ret_refusal)
{
    int64_t model_id;
    int r = registry_find_model(db, place, &model_id, ret_refusal);

    if (!r)
        r = find(db, model_id, alias, arena, ret_alias);
    if (r)
        return r;
    return ret_alias->version ? 0 : refuse_missing(place, alias, ret_refusal);
}

int aliases_list(struct db *db, const struct registry_place *place, const char *after,
                 int64_t limit, struct arena *arena, struct q_alias **ret_aliases,
                 size_t *ret_count, struct registry_refusal *ret_refusal)
{
    int64_t model_id;
    int r = registry_find_model(db, place, &model_id, ret_refusal);

    if (r)
        return r;
    return q_alias_list(db, model_id, after ? after : "", limit, arena, ret_aliases, ret_count);
}
