/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/archive.h"

#include <string.h>

struct change {
    const struct registry_place *place;
    const char *version; /* NULL: the model */
    const char *reason;  /* NULL: it is restored */
    struct arena *arena;
    struct registry_refusal *refusal;
};

/* What is archived, or restored; nobody else changes it, nor refers to it. */
static int hold(struct db *db, const struct change *change, struct q_life *ret_life)
{
    struct q_life model;
    int r =
        registry_hold_model(db, change->place, change->version ? Q_LIFE_SHARED : Q_LIFE_EXCLUSIVE,
                            change->arena, &model, change->refusal);

    if (r)
        return r;
    if (!change->version) {
        *ret_life = model;
        return 0;
    }
    return registry_hold_version(db, change->place, model.id, change->version, Q_LIFE_EXCLUSIVE,
                                 change->arena, ret_life, change->refusal);
}

static int check_uses(struct db *db, const struct change *change, const struct q_life *life)
{
    int r;

    if (strcmp(life->status, "draft") == 0)
        return registry_refuse(change->refusal, REGISTRY_E_DRAFT,
                               "version '%s' of '%s' is a draft; delete it instead",
                               change->version, change->place->model);
    r = q_life_uses(db, life->model_id, change->version ? life->id : 0, ARCHIVE_USES_MAX,
                    change->arena, &change->refusal->uses);
    if (r)
        return r;
    return change->refusal->uses.total > 0
               ? registry_refuse_uses(change->place, change->version, change->refusal)
               : 0;
}

static json_t *describe(const char *reason)
{
    return reason ? json_pack("{s:b, s:s}", "archived", 1, "reason", reason)
                  : json_pack("{s:b}", "archived", 0);
}

static int store(struct db *db, const struct change *change, const struct q_life *life)
{
    static const enum audit_action actions[2][2] = {
        {AUDIT_MODEL_RESTORE,   AUDIT_MODEL_ARCHIVE  },
        {AUDIT_VERSION_RESTORE, AUDIT_VERSION_ARCHIVE},
    };
    const struct registry_place *place = change->place;
    int r = (change->version ? q_life_archive_version : q_life_archive_model)(
        db, life->id, place->actor->name, change->reason, place->now_ms);

    if (r)
        return r;
    return registry_record(db, place, actions[change->version != NULL][change->reason != NULL],
                           change->version, describe(life->archive_reason),
                           describe(change->reason));
}

static int run(struct db *db, void *arg)
{
    const struct change *change = arg;
    struct q_life life;
    int r = hold(db, change, &life);

    if (!r)
        r = registry_check_kept(db, &life, change->arena, change->refusal);
    if (r || (life.archived_ms != 0) == (change->reason != NULL))
        return r;
    if (change->reason)
        r = check_uses(db, change, &life);
    return r ? r : store(db, change, &life);
}

int archive_put(struct db *db, const struct registry_place *place, const char *version,
                const char *reason, struct arena *arena, struct registry_refusal *ret_refusal)
{
    struct change change = {place, version, reason, arena, ret_refusal};

    return tx_run(db, run, &change);
}

int archive_restore(struct db *db, const struct registry_place *place, const char *version,
                    struct arena *arena, struct registry_refusal *ret_refusal)
{
    struct change change = {place, version, NULL, arena, ret_refusal};

    return tx_run(db, run, &change);
}
