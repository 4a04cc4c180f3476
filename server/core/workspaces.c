/* SPDX-License-Identifier: Apache-2.0 */
#include "core/workspaces.h"

#include "model/name.h"

/* Far more than anybody has; a list of them is for people. */
#define LIST_MAX 100000

int workspaces_create(struct db *db, const char *name, int64_t quota_bytes,
                      int64_t artifact_limit_bytes, int64_t *ret_id)
{
    struct q_workspace workspace = {
        .name = name,
        .quota_bytes = quota_bytes,
        .artifact_limit_bytes = artifact_limit_bytes,
    };
    int r;

    if (name_check(name))
        return WORKSPACES_E_NAME;
    r = q_workspace_insert(db, &workspace, ret_id);
    return r == Q_WORKSPACE_E_EXISTS ? WORKSPACES_E_EXISTS : r;
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

int workspaces_set_limits(struct db *db, const char *name, int64_t quota_bytes,
                          int64_t artifact_limit_bytes)
{
    struct q_workspace workspace = {
        .name = name,
        .quota_bytes = quota_bytes,
        .artifact_limit_bytes = artifact_limit_bytes,
    };
    int r;

    r = q_workspace_set_limits(db, &workspace);
    return r == Q_WORKSPACE_E_MISSING ? WORKSPACES_E_MISSING : r;
}
