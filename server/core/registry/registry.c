/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/registry.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_deletion.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int registry_refuse(struct registry_refusal *refusal, int outcome, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(refusal->text, sizeof(refusal->text), format, args);
    va_end(args);
    return outcome;
}

static int refuse_model(const struct registry_place *place, struct registry_refusal *refusal)
{
    return registry_refuse(refusal, REGISTRY_E_MODEL,
                           "there is no model '%s' in this workspace; GET /api/v1/models lists "
                           "them, POST /api/v1/models makes one",
                           place->model);
}

int registry_find_model(struct db *db, const struct registry_place *place, int64_t *ret_model_id,
                        struct registry_refusal *refusal)
{
    int r = q_life_find_model(db, place->workspace_id, place->model, ret_model_id);

    return r == Q_LIFE_E_MODEL ? refuse_model(place, refusal) : r;
}

int registry_hold_model(struct db *db, const struct registry_place *place, enum q_life_lock lock,
                        struct arena *arena, struct q_life *ret_model,
                        struct registry_refusal *refusal)
{
    int r = q_life_lock_model(db, place->workspace_id, place->model, lock, arena, ret_model);

    return r == Q_LIFE_E_MODEL ? refuse_model(place, refusal) : r;
}

int registry_hold_version(struct db *db, const struct registry_place *place, int64_t model_id,
                          const char *version, enum q_life_lock lock, struct arena *arena,
                          struct q_life *ret_version, struct registry_refusal *refusal)
{
    int r = q_life_lock_version(db, model_id, version, lock, arena, ret_version);

    if (r == Q_LIFE_E_VERSION)
        return registry_refuse(refusal, REGISTRY_E_VERSION,
                               "model '%s' has no version '%s'; GET /api/v1/models/%s/versions "
                               "lists them",
                               place->model, version, place->model);
    return r;
}

int registry_refuse_uses(const struct registry_place *place, const char *version,
                         struct registry_refusal *refusal)
{
    const struct q_life_use *first = &refusal->uses.uses[0];

    return registry_refuse(refusal, REGISTRY_E_IN_USE,
                           "%s%s%s is in use by %" PRId64 " others, such as %s '%s'; give these "
                           "something else first",
                           place->model, version ? "@" : "", version ? version : "",
                           refusal->uses.total, first->kind, first->name);
}

int registry_check_kept(struct db *db, const struct q_life *version, struct arena *arena,
                        struct registry_refusal *refusal)
{
    struct q_deletion deletion;
    int r;

    if (strcmp(version->status, "deleted") != 0)
        return 0;
    r = q_deletion_find(db, version->id, arena, &deletion);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a deleted version has no tombstone") : r;
    return registry_refuse(refusal, REGISTRY_E_DELETED,
                           "version '%s' of '%s' was deleted by '%s' at %s and never comes back; "
                           "publish a new version",
                           deletion.version, deletion.model, deletion.deleted_by,
                           deletion.deleted_at);
}

static int check_usable(const struct registry_place *place, const struct q_life *model,
                        const char *version, const struct q_life *life,
                        struct registry_refusal *refusal)
{
    if (strcmp(life->status, "draft") == 0)
        return registry_refuse(refusal, REGISTRY_E_DRAFT,
                               "version '%s' of '%s' is a draft; sign it first", version,
                               place->model);
    if (model->archived_ms != 0)
        return registry_refuse(refusal, REGISTRY_E_ARCHIVED,
                               "model '%s' was archived by '%s'; restore it first", place->model,
                               model->archived_by);
    if (life->archived_ms != 0)
        return registry_refuse(refusal, REGISTRY_E_ARCHIVED,
                               "version '%s' of '%s' was archived by '%s'; restore it first",
                               version, place->model, life->archived_by);
    return 0;
}

int registry_share_usable(struct db *db, const struct registry_place *place, const char *version,
                          struct arena *arena, struct q_life *ret_version,
                          struct registry_refusal *refusal)
{
    struct q_life model;
    int r = registry_hold_model(db, place, Q_LIFE_SHARED, arena, &model, refusal);

    if (!r)
        r = registry_hold_version(db, place, model.id, version, Q_LIFE_SHARED, arena, ret_version,
                                  refusal);
    if (!r)
        r = registry_check_kept(db, ret_version, arena, refusal);
    return r ? r : check_usable(place, &model, version, ret_version, refusal);
}

int registry_match(int64_t expected, int64_t revision, struct registry_refusal *refusal)
{
    if (expected == REGISTRY_ANY || expected == revision)
        return 0;
    refusal->revision = revision;
    if (expected == REGISTRY_NONE)
        return registry_refuse(refusal, REGISTRY_E_MATCH,
                               "it is there already, with the ETag \"%" PRId64 "\"", revision);
    if (revision == REGISTRY_NONE)
        return registry_refuse(refusal, REGISTRY_E_MATCH, "it is not there any more");
    return registry_refuse(refusal, REGISTRY_E_MATCH,
                           "somebody changed it meanwhile: its ETag is \"%" PRId64
                           "\" now, not \"%" PRId64 "\"; read it and decide again",
                           revision, expected);
}

int registry_record(struct db *db, const struct registry_place *place, enum audit_action action,
                    const char *part, json_t *before, json_t *after)
{
    CLEANUP(arena_release) struct arena arena = {0};

    return audit_record(
        db, &(struct audit_change){
                .workspace_id = place->workspace_id,
                .actor = place->actor,
                .now_ms = place->now_ms,
                .action = action,
                .object = part ? arena_printf(&arena, "%s@%s", place->model, part) : place->model,
                .before = before,
                .after = after,
            });
}
