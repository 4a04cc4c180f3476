/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/roots.h"

#include "rootfile.h"

#include <sys/stat.h>
#include <unistd.h>

static struct world world;
static struct rootfile first;
static char detail[ROOTS_DETAIL_SIZE];

static void set_up(void)
{
    world_init(&world);
    rootfile_init(&first, &world, "first");
}

static void tear_down(void)
{
    world_release(&world);
}

START_TEST(keeps_what_was_pinned)
{
    struct roots roots = {0};
    struct stat stat;

    ck_assert_int_eq(roots_load(&world.store, &roots, detail), ROOTS_E_NONE);
    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), 0);
    ck_assert_int_eq(roots_load(&world.store, &roots, detail), 0);
    ck_assert_str_eq(roots.workspace, "default");
    ck_assert_ptr_nonnull(strstr(roots.texts[ROOTS_IMAGE], first.pair.key.id));
    ck_assert_int_eq(fstatat(world.store.dir_fd, "identity/trust/roots.json", &stat, 0), 0);
    ck_assert_uint_eq(stat.st_mode & 0777, 0600);
    roots_release(&roots);
}
END_TEST

START_TEST(refuses_what_is_no_file_of_roots)
{
    struct roots roots = {0};

    ck_assert_int_eq(roots_pin(&world.store, "/nowhere/roots.json", detail), ROOTS_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(detail, "there is no such file"));
    world_write(&world, "bad.json", "{}");
    (void)snprintf(first.path, sizeof(first.path), "%s/bad.json", world.path);
    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), ROOTS_E_BROKEN);
    ck_assert_int_eq(roots_load(&world.store, &roots, detail), ROOTS_E_NONE);
    world_write(&world, "identity/trust/roots.json", "damaged");
    ck_assert_int_eq(roots_load(&world.store, &roots, detail), ROOTS_E_BROKEN);
}
END_TEST

START_TEST(the_same_roots_again_keep_metadata_and_others_do_not)
{
    char path[ROOTS_PATH_SIZE];
    struct rootfile second;

    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), 0);
    ck_assert_int_eq(roots_directory(&world.store, ROOTS_DIRECTOR, path), 0);
    world_write(&world, "metadata/director/timestamp.json", "{}");
    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), 0);
    ck_assert(world_has(&world, "metadata/director/timestamp.json"));
    rootfile_init(&second, &world, "second");
    ck_assert_int_eq(roots_pin(&world.store, second.path, detail), 0);
    ck_assert(!world_has(&world, "metadata/director/timestamp.json"));
}
END_TEST

static void expect_root(const char *expected)
{
    AUTO_FREE char *text = NULL;
    size_t size;

    ck_assert_int_eq(file_read(world.store.dir_fd, "metadata/image/root.json", 65536, &text, &size),
                     0);
    ck_assert_str_eq(text, expected);
}

START_TEST(a_missing_or_damaged_root_starts_from_the_pinned_one)
{
    static const char *const damages[] = {"", "{", "{\"signatures\":[],\"signed\":{}}"};
    char path[ROOTS_PATH_SIZE];
    struct roots roots = {0};

    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), 0);
    ck_assert_int_eq(roots_load(&world.store, &roots, detail), 0);
    ck_assert_int_eq(roots_directory(&world.store, ROOTS_IMAGE, path), 0);
    ck_assert_int_eq(roots_restore(&world.store, &roots, ROOTS_IMAGE), 0);
    expect_root(roots.texts[ROOTS_IMAGE]);
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        world_write(&world, "metadata/image/root.json", damages[i]);
        ck_assert_int_eq(roots_restore(&world.store, &roots, ROOTS_IMAGE), 0);
        expect_root(roots.texts[ROOTS_IMAGE]);
    }
    roots_release(&roots);
}
END_TEST

START_TEST(a_newer_root_stays)
{
    json_auto_t *newer = rootfile_envelope(&first.pair, 7);
    AUTO_FREE char *text = json_dumps(newer, JSON_COMPACT);
    char path[ROOTS_PATH_SIZE];
    struct roots roots = {0};

    ck_assert_int_eq(roots_pin(&world.store, first.path, detail), 0);
    ck_assert_int_eq(roots_load(&world.store, &roots, detail), 0);
    ck_assert_int_eq(roots_directory(&world.store, ROOTS_IMAGE, path), 0);
    world_write(&world, "metadata/image/root.json", text);
    ck_assert_int_eq(roots_restore(&world.store, &roots, ROOTS_IMAGE), 0);
    expect_root(text);
    ck_assert_int_eq(roots_forget(&world.store, ROOTS_IMAGE), 0);
    ck_assert_int_eq(roots_forget(&world.store, ROOTS_IMAGE), 0);
    ck_assert(!world_has(&world, "metadata/image"));
    roots_release(&roots);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/roots");
    TCase *tcase = tcase_create("roots");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, keeps_what_was_pinned);
    tcase_add_test(tcase, refuses_what_is_no_file_of_roots);
    tcase_add_test(tcase, the_same_roots_again_keep_metadata_and_others_do_not);
    tcase_add_test(tcase, a_missing_or_damaged_root_starts_from_the_pinned_one);
    tcase_add_test(tcase, a_newer_root_stays);
    return world_run(suite, tcase);
}
