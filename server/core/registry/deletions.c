/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/deletions.h"

#include "core/registry/archive.h"
#include "db/q_deletion.h"
#include "db/q_tuf.h"

#include <string.h>

struct deletion {
    const struct registry_place *place;
    const char *version;
    const char *reason;
    struct arena *arena;
    bool deleted;
    struct registry_refusal *refusal;
};

static int check_state(const struct deletion *deletion, const struct q_life *life)
{
    const struct registry_place *place = deletion->place;

    if (strcmp(life->status, "draft") == 0)
        return registry_refuse(deletion->refusal, REGISTRY_E_DRAFT,
                               "version '%s' of '%s' is a draft", deletion->version, place->model);
    if (strcmp(life->status, "archived") != 0)
        return registry_refuse(deletion->refusal, REGISTRY_E_PUBLISHED,
                               "version %s of model '%s' is published; take it out of use first, "
                               "by PUT /api/v1/models/%s/versions/%s/archive",
                               deletion->version, place->model, place->model, deletion->version);
    if (strcmp(place->actor->role, "admin") != 0 && place->actor != &audit_server)
        return registry_refuse(deletion->refusal, REGISTRY_E_FORBIDDEN,
                               "deleting what was published takes a token with the role 'admin', "
                               "yours is '%s'",
                               place->actor->role);
    return 0;
}

/* The version is held, so nobody begins to use it; the lock is who lists it, too. */
static int check_uses(struct db *db, const struct deletion *deletion, const struct q_life *life)
{
    struct q_life_uses *uses = &deletion->refusal->uses;
    int r = q_tuf_lock(db, deletion->place->workspace_id);

    if (!r)
        r = q_deletion_uses(db, &life->id, 1, ARCHIVE_USES_MAX, deletion->arena, uses);
    if (r || uses->total == 0)
        return r;
    return registry_refuse_uses(deletion->place, deletion->version, deletion->refusal);
}

static int run(struct db *db, void *arg)
{
    struct deletion *deletion = arg;
    const struct registry_place *place = deletion->place;
    struct q_life model;
    struct q_life life = {.status = ""};
    int r =
        registry_hold_model(db, place, Q_LIFE_SHARED, deletion->arena, &model, deletion->refusal);

    deletion->deleted = false;
    if (!r)
        r = registry_hold_version(db, place, model.id, deletion->version, Q_LIFE_EXCLUSIVE,
                                  deletion->arena, &life, deletion->refusal);
    if (r || strcmp(life.status, "deleted") == 0)
        return r;
    r = check_state(deletion, &life);
    if (!r)
        r = check_uses(db, deletion, &life);
    if (!r)
        r = q_deletion_store(db, place->workspace_id, life.id, place->actor->name, deletion->reason,
                             place->now_ms);
    if (r)
        return r;
    deletion->deleted = true;
    return registry_record(db, place, AUDIT_VERSION_DELETE, deletion->version,
                           json_pack("{s:s, s:s}", "archived_by", life.archived_by,
                                     "archive_reason", life.archive_reason),
                           json_pack("{s:b, s:s}", "deleted", 1, "reason", deletion->reason));
}

int deletions_delete(struct db *db, const struct registry_place *place, const char *version,
                     const char *reason, struct arena *arena, bool *ret_deleted,
                     struct registry_refusal *ret_refusal)
{
    struct deletion deletion = {
        .place = place,
        .version = version,
        .reason = reason,
        .arena = arena,
        .refusal = ret_refusal,
    };
    int r = tx_run(db, run, &deletion);

    if (!r)
        *ret_deleted = deletion.deleted;
    return r;
}

/* ---- models --------------------------------------------------------------------------------- */

struct model_deletion {
    const struct registry_place *place;
    struct arena *arena;
    struct registry_refusal *refusal;
};

/* The model is held, so nobody publishes to it; the lock is who delegates to its publishers. */
static int delete_model(struct db *db, void *arg)
{
    const struct model_deletion *deletion = arg;
    const struct registry_place *place = deletion->place;
    struct q_life_uses *uses = &deletion->refusal->uses;
    struct q_life model;
    int r = registry_hold_model(db, place, Q_LIFE_EXCLUSIVE, deletion->arena, &model,
                                deletion->refusal);

    if (!r)
        r = q_tuf_lock(db, place->workspace_id);
    if (!r)
        r = q_deletion_model_uses(db, model.id, ARCHIVE_USES_MAX, deletion->arena, uses);
    if (r)
        return r;
    if (uses->total > 0)
        return registry_refuse(deletion->refusal, REGISTRY_E_IN_USE,
                               "model '%s' has %s '%s': only a model that never had a published "
                               "version, and whose publishers no role names, is deleted; archive "
                               "it instead, by PUT /api/v1/models/%s/archive",
                               place->model, uses->uses[0].kind, uses->uses[0].name, place->model);
    r = q_deletion_model(db, model.id);
    return r ? r
             : registry_record(db, place, AUDIT_MODEL_DELETE, NULL,
                               json_pack("{s:s}", "created_by", model.created_by), NULL);
}

int deletions_delete_model(struct db *db, const struct registry_place *place, struct arena *arena,
                           struct registry_refusal *ret_refusal)
{
    struct model_deletion deletion = {place, arena, ret_refusal};

    return tx_run(db, delete_model, &deletion);
}
