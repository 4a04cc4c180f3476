/* SPDX-License-Identifier: Apache-2.0 */
#include "core/workspaces.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "model/name.h"

/* Far more than anybody has; a list of them is for people. */
#define LIST_MAX 100000

struct change {
    struct q_workspace workspace; /* as it shall be */
    const struct audit_actor *actor;
    int64_t now_ms;
};

static json_t *describe(const struct q_workspace *workspace)
{
    return json_pack("{s:I, s:I}", "quota_bytes", (json_int_t)workspace->quota_bytes,
                     "artifact_limit_bytes", (json_int_t)workspace->artifact_limit_bytes);
}

static int record(struct db *db, enum audit_action action, const struct change *change,
                  json_t *before)
{
    return audit_record(db, &(struct audit_change){
                                .workspace_id = change->workspace.id,
                                .actor = change->actor,
                                .now_ms = change->now_ms,
                                .action = action,
                                .object = change->workspace.name,
                                .before = before,
                                .after = describe(&change->workspace),
                            });
}

static int create(struct db *db, void *arg)
{
    struct change *change = arg;
    int r;

    r = q_workspace_insert(db, &change->workspace, &change->workspace.id);
    if (r == Q_WORKSPACE_E_EXISTS)
        return WORKSPACES_E_EXISTS;
    return r ? r : record(db, AUDIT_WORKSPACE_CREATE, change, NULL);
}

int workspaces_create(struct db *db, const char *name, int64_t quota_bytes,
                      int64_t artifact_limit_bytes, const struct audit_actor *actor, int64_t now_ms,
                      int64_t *ret_id)
{
    struct change change = {
        .workspace =
            {
                        .name = name,
                        .quota_bytes = quota_bytes,
                        .artifact_limit_bytes = artifact_limit_bytes,
                        },
        .actor = actor,
        .now_ms = now_ms,
    };
    int r;

    if (name_check(name))
        return WORKSPACES_E_NAME;
    r = tx_run(db, create, &change);
    if (r)
        return r;
    *ret_id = change.workspace.id;
    return 0;
}

int workspaces_find(struct db *db, const char *name, struct arena *arena,
                    struct q_workspace *ret_workspace)
{
    int r;

    r = q_workspace_find(db, name, arena, ret_workspace);
    return r == Q_WORKSPACE_E_MISSING ? WORKSPACES_E_MISSING : r;
}

int workspaces_list(struct db *db, struct arena *arena, struct q_workspace **ret_workspaces,
                    size_t *ret_count)
{
    return q_workspace_list(db, "", LIST_MAX, arena, ret_workspaces, ret_count);
}

static int set_limits(struct db *db, void *arg)
{
    struct change *change = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_workspace before;
    int r;

    r = q_workspace_lock(db, change->workspace.name, &arena, &before);
    if (r)
        return r == Q_WORKSPACE_E_MISSING ? WORKSPACES_E_MISSING : r;
    change->workspace.id = before.id;
    r = q_workspace_set_limits(db, &change->workspace);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a locked workspace is gone") : r;
    return record(db, AUDIT_WORKSPACE_SET_LIMITS, change, describe(&before));
}

int workspaces_set_limits(struct db *db, const char *name, int64_t quota_bytes,
                          int64_t artifact_limit_bytes, const struct audit_actor *actor,
                          int64_t now_ms)
{
    struct change change = {
        .workspace =
            {
                        .name = name,
                        .quota_bytes = quota_bytes,
                        .artifact_limit_bytes = artifact_limit_bytes,
                        },
        .actor = actor,
        .now_ms = now_ms,
    };

    return tx_run(db, set_limits, &change);
}
