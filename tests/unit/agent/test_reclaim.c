/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reclaim.h"

#include "crew.h"

#include <sys/file.h>
#include <sys/mman.h>

static struct crew crew;
static struct reclaim reclaim;
static bool wanted;

static bool keeps(void *state, const char *slot)
{
    (void)state;
    return wanted && strcmp(slot, "main") == 0;
}

/* main: 2.0.0, with 1.0.0 before it; released */
static void set_up(void)
{
    char ids[2][SLOT_ID_SIZE];

    crew_init(&crew);
    world_install(&crew.world, "main", "1.0.0", "first", ids[0]);
    world_install(&crew.world, "main", "2.0.0", "second", ids[1]);
    ck_assert_int_eq(slot_point(&crew.world.store, "main", SLOT_LINK_PREVIOUS, ids[0]), 0);
    ck_assert_int_eq(slot_point(&crew.world.store, "main", SLOT_LINK_CURRENT, ids[1]), 0);
    crew.config.reclaim_after_ms = 1;
    crew.parts.store = &crew.world.store;
    wanted = false;
    reclaim = (struct reclaim){.parts = &crew.parts, .keeps = keeps};
    reclaim_start(&reclaim);
}

static void tear_down(void)
{
    reclaim_release(&reclaim);
    crew_release(&crew);
}

static void set_delay(int64_t delay_ms)
{
    reclaim_release(&reclaim);
    crew.config.reclaim_after_ms = delay_ms;
    reclaim_start(&reclaim);
}

/* Turns until it has looked so often. */
static void look(int times)
{
    for (int i = 0; i < times; i++) {
        int64_t before_us = reclaim.looked_us;

        while (reclaim.looked_us == before_us)
            ck_assert_int_eq(loop_turn(&crew.turning.loop), 0);
    }
}

static int64_t released_for_ms(void)
{
    struct slot_status status;

    ck_assert_int_eq(slot_load_status(&crew.world.store, "main", &status), 0);
    return status.released_for_ms;
}

static bool is_there(void)
{
    return world_has(&crew.world, "models/main/current/model.onnx");
}

START_TEST(what_is_desired_no_more_goes_after_the_delay)
{
    set_up();
    look(1);
    ck_assert(!world_has(&crew.world, "models/main"));
    tear_down();
}
END_TEST

START_TEST(not_before_the_delay)
{
    set_up();
    crew.config.reclaim_after_ms = 3600000;
    look(1);
    ck_assert(is_there());
    ck_assert(world_has(&crew.world, "models/main/previous"));
    ck_assert_int_gt(released_for_ms(), 0);
    tear_down();
}
END_TEST

START_TEST(what_is_desired_stays_and_counts_anew)
{
    set_up();
    crew.config.reclaim_after_ms = 3600000;
    look(1);
    ck_assert_int_gt(released_for_ms(), 0);
    set_delay(1);
    wanted = true;
    look(2);
    ck_assert(is_there());
    ck_assert(world_has(&crew.world, "models/main/previous"));
    ck_assert_int_eq(released_for_ms(), 0);
    tear_down();
}
END_TEST

START_TEST(what_the_last_state_named_stays)
{
    const struct slot_status status = {.managed = true};

    set_up();
    ck_assert_int_eq(slot_save_status(&crew.world.store, "main", &status), 0);
    look(2);
    ck_assert(is_there());
    tear_down();
}
END_TEST

START_TEST(zero_is_for_ever)
{
    set_up();
    set_delay(0);
    ck_assert(!reclaim.timer.armed);
    tear_down();
}
END_TEST

static int open_current(const char *path, int flags)
{
    int fd = openat(crew.world.store.dir_fd, path, flags | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static void stays_until_closed(int fd)
{
    look(2);
    ck_assert(is_there());
    ck_assert(!world_has(&crew.world, "models/main/previous"));
    (void)close(fd);
    look(1);
    ck_assert(!world_has(&crew.world, "models/main"));
}

START_TEST(what_somebody_holds_stays)
{
    int fd;

    set_up();
    fd = open_current("models/main/current", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(fd, LOCK_SH), 0);
    stays_until_closed(fd);
    tear_down();
}
END_TEST

START_TEST(what_somebody_reads_stays)
{
    set_up();
    stays_until_closed(open_current("models/main/current/model.onnx", O_RDONLY));
    tear_down();
}
END_TEST

START_TEST(what_somebody_has_mapped_stays)
{
    void *mapped;
    int fd;

    set_up();
    fd = open_current("models/main/current/model.onnx", O_RDONLY);
    mapped = mmap(NULL, 6, PROT_READ, MAP_PRIVATE, fd, 0);
    ck_assert_ptr_ne(mapped, MAP_FAILED);
    (void)close(fd);
    look(2);
    ck_assert(is_there());
    ck_assert_int_eq(munmap(mapped, 6), 0);
    look(1);
    ck_assert(!world_has(&crew.world, "models/main"));
    tear_down();
}
END_TEST

START_TEST(what_a_crash_left_goes)
{
    set_up();
    wanted = true;
    ck_assert_int_eq(file_mkdirs(crew.world.store.dir_fd, "models/.doomed-old/versions", 0755), 0);
    look(1);
    ck_assert(!world_has(&crew.world, "models/.doomed-old"));
    ck_assert(is_there());
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/reclaim");
    TCase *tcase = tcase_create("reclaim");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_desired_no_more_goes_after_the_delay);
    tcase_add_test(tcase, not_before_the_delay);
    tcase_add_test(tcase, what_is_desired_stays_and_counts_anew);
    tcase_add_test(tcase, what_the_last_state_named_stays);
    tcase_add_test(tcase, zero_is_for_ever);
    tcase_add_test(tcase, what_somebody_holds_stays);
    tcase_add_test(tcase, what_somebody_reads_stays);
    tcase_add_test(tcase, what_somebody_has_mapped_stays);
    tcase_add_test(tcase, what_a_crash_left_goes);
    return world_run(suite, tcase);
}
