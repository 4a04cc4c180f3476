/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slot.h"

#include "world.h"

#include <sys/file.h>

START_TEST(points_only_at_what_is_there)
{
    struct world world;
    char id[SLOT_ID_SIZE];
    char read[SLOT_ID_SIZE];

    world_init(&world);
    world_install(&world, "main", "1.0.0", "weights", id);
    ck_assert_int_eq(slot_resolve(&world.store, "main", SLOT_LINK_CURRENT, read), SLOT_E_NONE);
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, "2.0.0-0123456789abcdef"),
                     SLOT_E_NONE);
    ck_assert_int_eq(slot_resolve(&world.store, "main", SLOT_LINK_CURRENT, read), SLOT_E_NONE);
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, id), 0);
    ck_assert_int_eq(slot_resolve(&world.store, "main", SLOT_LINK_CURRENT, read), 0);
    ck_assert_str_eq(read, id);
    ck_assert(world_has(&world, "models/main/current/model.onnx"));
    world_release(&world);
}
END_TEST

START_TEST(does_not_follow_links_that_it_did_not_make)
{
    static const char *const targets[] = {
        "/etc",           "versions/..",  "versions/../../../etc",          "versions/",
        "versions/1.0.0", "versions/a/b", "versions/1.0.0-0123456789abcde/"};
    struct world world;
    char read[SLOT_ID_SIZE];

    world_init(&world);
    ck_assert_int_eq(slot_create(&world.store, "main"), 0);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        ck_assert_int_eq(file_replace_link(world.store.dir_fd, "models/main/current", targets[i]),
                         0);
        ck_assert_int_eq(slot_resolve(&world.store, "main", SLOT_LINK_CURRENT, read),
                         SLOT_E_BROKEN);
    }
    world_release(&world);
}
END_TEST

START_TEST(prunes_all_but_what_is_named_or_held)
{
    struct world world;
    char ids[4][SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];
    AUTO_CLOSE int held = -1;

    world_init(&world);
    for (size_t i = 0; i < 4; i++) {
        char version[16];

        (void)snprintf(version, sizeof(version), "1.%zu.0", i);
        world_install(&world, "main", version, "weights", ids[i]);
    }
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_PREVIOUS, ids[2]), 0);
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, ids[3]), 0);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s", ids[0]);
    held = openat(world.store.dir_fd, path, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(held, LOCK_SH), 0);
    ck_assert_int_eq(slot_prune(&world.store, "main"), 0);
    ck_assert(world_has(&world, path));
    ck_assert_int_eq(slot_remove_version(&world.store, "main", ids[0]), SLOT_E_IN_USE);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s", ids[1]);
    ck_assert(!world_has(&world, path));
    ck_assert(world_has(&world, "models/main/current/model.onnx"));
    ck_assert(world_has(&world, "models/main/previous/model.onnx"));

    ck_assert_int_eq(flock(held, LOCK_UN), 0);
    (void)snprintf(path, sizeof(path), "models/main/versions/.doomed-%s", ids[1]);
    ck_assert_int_eq(file_mkdirs(world.store.dir_fd, path, 0755), 0); /* as a crash leaves it */
    ck_assert_int_eq(slot_prune(&world.store, "main"), 0);
    ck_assert(!world_has(&world, path));
    (void)snprintf(path, sizeof(path), "models/main/versions/%s", ids[0]);
    ck_assert(!world_has(&world, path));
    world_release(&world);
}
END_TEST

START_TEST(removes_nothing_while_the_link_is_broken)
{
    struct world world;
    char id[SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];

    world_init(&world);
    world_install(&world, "main", "1.0.0", "weights", id);
    ck_assert_int_eq(file_replace_link(world.store.dir_fd, "models/main/current", "elsewhere"), 0);
    ck_assert_int_eq(slot_prune(&world.store, "main"), 0);
    (void)snprintf(path, sizeof(path), "models/main/versions/%s", id);
    ck_assert(world_has(&world, path));
    world_release(&world);
}
END_TEST

START_TEST(finds_bytes_in_any_slot)
{
    struct world world;
    char id[SLOT_ID_SIZE];
    char path[SLOT_PATH_SIZE];
    uint8_t digest[DIGEST_SHA256_SIZE];

    world_init(&world);
    world_install(&world, "other", "1.0.0", "weights", id);
    digest_sha256("weights", 7, digest);
    ck_assert_int_eq(slot_find_artifact(&world.store, digest, 8, path), SLOT_E_NONE);
    ck_assert_int_eq(slot_find_artifact(&world.store, digest, 7, path), 0);
    ck_assert(world_has(&world, path));
    digest[0] ^= 1;
    ck_assert_int_eq(slot_find_artifact(&world.store, digest, 7, path), SLOT_E_NONE);
    world_release(&world);
}
END_TEST

START_TEST(keeps_status_and_versions)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct world world;
    struct slot_status status;
    struct slot_status read;
    struct slot_version version;
    char id[SLOT_ID_SIZE];

    world_init(&world);
    world_install(&world, "main", "1.0.0", "weights", id);
    ck_assert_int_eq(slot_load_status(&world.store, "main", &status), 0);
    ck_assert(!status.managed);
    ck_assert_int_eq(status.gap_us, -1);
    status.managed = true;
    status.failed_state_version = 9;
    (void)snprintf(status.failed_code, sizeof(status.failed_code), "wrong-bytes");
    ck_assert_int_eq(slot_save_status(&world.store, "main", &status), 0);
    ck_assert_int_eq(slot_load_status(&world.store, "main", &read), 0);
    ck_assert_str_eq(read.failed_code, "wrong-bytes");
    ck_assert_int_eq(read.failed_state_version, 9);
    ck_assert_int_eq(slot_load_version(&world.store, "main", id, &arena, &version), 0);
    ck_assert_str_eq(version.version, "1.0.0");
    ck_assert_uint_eq(version.artifact_count, 1);
    ck_assert_int_eq(
        slot_load_version(&world.store, "main", "2.0.0-0123456789abcdef", &arena, &version),
        SLOT_E_NONE);
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/slot");
    TCase *tcase = tcase_create("slot");

    tcase_add_test(tcase, points_only_at_what_is_there);
    tcase_add_test(tcase, does_not_follow_links_that_it_did_not_make);
    tcase_add_test(tcase, prunes_all_but_what_is_named_or_held);
    tcase_add_test(tcase, removes_nothing_while_the_link_is_broken);
    tcase_add_test(tcase, finds_bytes_in_any_slot);
    tcase_add_test(tcase, keeps_status_and_versions);
    return world_run(suite, tcase);
}
