/* SPDX-License-Identifier: Apache-2.0 */
#include "core/workspaces.h"

#include "database.h"
#include "suite.h"

START_TEST(default_is_there_from_the_start)
{
    struct db *db = database_new();
    struct arena arena = {0};
    struct q_workspace workspace;

    ck_assert_int_eq(workspaces_find(db, "default", &arena, &workspace), 0);
    ck_assert_int_eq(workspace.quota_bytes, WORKSPACES_NO_LIMIT);
    arena_release(&arena);
    db_free(db);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct db *db = database_new();
    struct arena arena = {0};
    struct q_workspace *workspaces;
    size_t count;
    int64_t id;

    ck_assert_int_eq(workspaces_create(db, "lab", 1000, WORKSPACES_NO_LIMIT, &audit_server, 1, &id),
                     0);
    ck_assert_int_eq(workspaces_create(db, "lab", 1, 1, &audit_server, 1, &id),
                     WORKSPACES_E_EXISTS);
    ck_assert_int_eq(workspaces_create(db, "La b", 1, 1, &audit_server, 1, &id), WORKSPACES_E_NAME);
    ck_assert_int_eq(workspaces_list(db, &arena, &workspaces, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(workspaces[1].name, "lab");
    ck_assert_int_eq(workspaces[1].quota_bytes, 1000);
    arena_release(&arena);
    db_free(db);
}
END_TEST

START_TEST(limits_are_replaced)
{
    struct db *db = database_new();
    struct arena arena = {0};
    struct q_workspace workspace;

    ck_assert_int_eq(workspaces_set_limits(db, "default", 10, 5, &audit_server, 1), 0);
    ck_assert_int_eq(workspaces_find(db, "default", &arena, &workspace), 0);
    ck_assert_int_eq(workspace.quota_bytes, 10);
    ck_assert_int_eq(workspace.artifact_limit_bytes, 5);
    ck_assert_int_eq(workspaces_set_limits(db, "nothing", 10, 5, &audit_server, 1),
                     WORKSPACES_E_MISSING);
    arena_release(&arena);
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/workspaces", default_is_there_from_the_start, a_name_is_taken_once,
                     limits_are_replaced);
}
