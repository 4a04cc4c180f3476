/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fetch.h"

#include "turning.h"
#include "world.h"

struct end {
    bool happened;
    enum fetch_outcome outcome;
};

static void on_done(void *state, enum fetch_outcome outcome, int64_t retry_after_ms,
                    const char *detail)
{
    struct end *end = state;

    (void)retry_after_ms;
    ck_assert(outcome == FETCH_OK || *detail);
    end->happened = true;
    end->outcome = outcome;
}

/* Nobody listens at port 1: what is found in the part is all there is. */
static enum fetch_outcome fetch_with(const char *part, const char *wanted, bool *ret_kept)
{
    struct turning turning;
    struct world world;
    struct fetch fetch = {0};
    struct fetch_order order = {.url = "http://127.0.0.1:1/x", .length = (int64_t)strlen(wanted)};
    struct end end = {0};
    char path[FETCH_PATH_SIZE];
    char part_path[FETCH_PATH_SIZE + 8];
    bool done;

    turning_init(&turning);
    world_init(&world);
    digest_sha256(wanted, strlen(wanted), order.sha256);
    fetch_path(order.sha256, path);
    (void)snprintf(part_path, sizeof(part_path), "%s.part", path);
    if (part)
        world_write(&world, part_path, part);
    ck_assert_int_eq(fetch_start(&fetch, &turning.loop, &world.store, &order, on_done, &end), 0);
    turning_until(&turning, &end.happened);
    done = world_has(&world, path);
    ck_assert(done == (end.outcome == FETCH_OK));
    *ret_kept = world_has(&world, part_path);
    ck_assert_int_eq(fetch_sweep(&world.store, NULL, 0), 0);
    ck_assert(!world_has(&world, path) && !world_has(&world, part_path));
    fetch_cancel(&fetch);
    http_free(turning.http);
    world_release(&world);
    return end.outcome;
}

START_TEST(finishes_what_was_all_there)
{
    bool kept;

    ck_assert_int_eq(fetch_with("weights", "weights", &kept), FETCH_OK);
    ck_assert(!kept);
}
END_TEST

START_TEST(drops_a_part_with_other_bytes)
{
    bool kept;

    ck_assert_int_eq(fetch_with("weightz", "weights", &kept), FETCH_E_HASH);
    ck_assert(!kept);
}
END_TEST

START_TEST(keeps_a_part_when_nobody_answers)
{
    bool kept;

    ck_assert_int_eq(fetch_with("wei", "weights", &kept), FETCH_E_NETWORK);
    ck_assert(kept);
    ck_assert_int_eq(fetch_with(NULL, "weights", &kept), FETCH_E_NETWORK);
    ck_assert_int_eq(fetch_with("weights and more", "weights", &kept), FETCH_E_NETWORK);
}
END_TEST

/* As where another user's part is, which cannot be shown to root. */
START_TEST(starts_anew_where_a_part_cannot_be_opened)
{
    struct fetch_order order = {.url = "http://127.0.0.1:1/", .length = 7};
    char part_path[FETCH_PATH_SIZE + 8];
    char path[FETCH_PATH_SIZE];
    struct turning turning;
    struct fetch fetch = {0};
    struct world world;
    struct end end = {0};

    turning_init(&turning);
    world_init(&world);
    fetch_path(order.sha256, path);
    (void)snprintf(part_path, sizeof(part_path), "%s.part", path);
    ck_assert_int_eq(symlinkat("elsewhere", world.store.dir_fd, part_path), 0);
    ck_assert_int_eq(fetch_start(&fetch, &turning.loop, &world.store, &order, on_done, &end), 0);
    ck_assert_int_lt(readlinkat(world.store.dir_fd, part_path, path, sizeof(path)), 0);
    fetch_cancel(&fetch);
    http_free(turning.http);
    world_release(&world);
}
END_TEST

START_TEST(sweeps_all_but_what_is_to_be_kept)
{
    struct world world;
    const uint8_t keep[1][DIGEST_SHA256_SIZE] = {{0}};

    world_init(&world);
    world_write(&world,
                "downloads/0000000000000000000000000000000000000000000000000000000000000000.part",
                "x");
    world_write(&world, "downloads/other", "x");
    ck_assert_int_eq(fetch_sweep(&world.store, keep, 1), 0);
    ck_assert(world_has(
        &world, "downloads/0000000000000000000000000000000000000000000000000000000000000000.part"));
    ck_assert(!world_has(&world, "downloads/other"));
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/fetch");
    TCase *tcase = tcase_create("fetch");

    tcase_add_test(tcase, finishes_what_was_all_there);
    tcase_add_test(tcase, drops_a_part_with_other_bytes);
    tcase_add_test(tcase, keeps_a_part_when_nobody_answers);
    tcase_add_test(tcase, starts_anew_where_a_part_cannot_be_opened);
    tcase_add_test(tcase, sweeps_all_but_what_is_to_be_kept);
    return world_run(suite, tcase);
}
