/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/metadir.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

static void set_up(void)
{
    (void)snprintf(directory, sizeof(directory), "/tmp/metadir.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void tear_down(void)
{
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
}

static int load(const char *role, size_t max_bytes, char *ret_text, size_t size)
{
    struct updater_store store = metadir_store(directory);
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(max_bytes);
    int r = store.load(store.state, role, max_bytes, &bytes);

    if (!r)
        (void)snprintf(ret_text, size, "%s", bytes.bytes ? bytes.bytes : "");
    return r;
}

START_TEST(keeps_each_role_under_its_plain_name)
{
    struct updater_store store = metadir_store(directory);
    char text[32] = "";

    ck_assert_int_eq(load("root", 100, text, sizeof(text)), UPDATER_STORE_E_MISSING);
    ck_assert_int_eq(store.save(store.state, "root", "one", 3), 0);
    ck_assert_int_eq(store.save(store.state, "root", "two", 3), 0);
    ck_assert_int_eq(load("root", 100, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "two");
    ck_assert_int_eq(access(strcat(directory, "/root.json"), F_OK), 0);
    *strrchr(directory, '/') = '\0';
}
END_TEST

START_TEST(a_roles_name_cannot_leave_the_directory)
{
    struct updater_store store = metadir_store(directory);
    char path[128];
    char text[32] = "";

    ck_assert_int_eq(store.save(store.state, "../../x", "y", 1), 0);
    (void)snprintf(path, sizeof(path), "%s/..%%2F..%%2Fx.json", directory);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(load("../../x", 100, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "y");
}
END_TEST

START_TEST(what_is_too_large_or_dropped_is_missing)
{
    struct updater_store store = metadir_store(directory);
    char name[400];
    char text[32];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(store.save(store.state, "snapshot", "12345", 5), 0);
    ck_assert_int_eq(load("snapshot", 4, text, sizeof(text)), UPDATER_STORE_E_MISSING);
    ck_assert_int_eq(store.drop(store.state, "snapshot"), 0);
    ck_assert_int_eq(store.drop(store.state, "snapshot"), 0);
    ck_assert_int_eq(load("snapshot", 100, text, sizeof(text)), UPDATER_STORE_E_MISSING);
    ck_assert_int_eq(load(name, 100, text, sizeof(text)), UPDATER_STORE_E_MISSING);
    ck_assert_int_lt(store.save(store.state, name, "x", 1), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("lib/metadir", set_up, tear_down, keeps_each_role_under_its_plain_name,
                          a_roles_name_cannot_leave_the_directory,
                          what_is_too_large_or_dropped_is_missing);
}
