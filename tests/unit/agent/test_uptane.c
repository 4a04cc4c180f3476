/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uptane.h"

#include "crew.h"
#include "rootfile.h"

#include <sys/stat.h>

/* What comes of metadata that is had is tested with a real server by tests/integration. */

static struct crew crew;
static struct uptane uptane;
static struct rootfile file;
static char detail[TRUST_DETAIL_SIZE];

struct end {
    bool happened;
    bool agreed;
};

static void on_done(void *state, bool agreed, int64_t retry_after_ms)
{
    struct end *end = state;

    (void)retry_after_ms;
    end->happened = true;
    end->agreed = agreed;
}

static void set_up(void)
{
    struct config config = {0};

    crew_init(&crew);
    rootfile_init(&file, &crew.world, "roots");
    config.root_file = file.path;
    ck_assert_int_eq(trust_enroll(&crew.world.store, &config, detail), 0);
    ck_assert_int_eq(trust_load(&crew.world.store, &crew.trust, detail), 0);
    detections_begin(&crew.detections);
}

static void tear_down(void)
{
    uptane_release(&uptane);
    trust_release(&crew.trust);
    crew_release(&crew);
}

static void run(struct end *end)
{
    *end = (struct end){0};
    ck_assert_int_eq(uptane_start(&uptane, &crew.parts, 7, on_done, end), 0);
    ck_assert(uptane_is_busy(&uptane));
    turning_until(&crew.turning, &end->happened);
    ck_assert(!uptane_is_busy(&uptane));
}

START_TEST(says_what_could_not_be_asked_for)
{
    struct detection list[REPORT_DETECTIONS_MAX];
    struct end end;

    run(&end);
    ck_assert(!end.agreed);
    ck_assert_uint_eq(detections_list(&crew.detections, list), 1);
    ck_assert_str_eq(list[0].check, "unreachable");
    ck_assert_str_eq(list[0].repository, "director");
    ck_assert_str_eq(list[0].file, "root.json");
    ck_assert_ptr_nonnull(strstr(list[0].detail, "Failed to connect"));
}
END_TEST

START_TEST(begins_with_the_pinned_root)
{
    struct stat before;
    struct stat after;
    struct end end;

    run(&end);
    ck_assert(world_has(&crew.world, "metadata/director/root.json"));
    ck_assert_int_eq(fstatat(crew.world.store.dir_fd, "metadata/director/root.json", &before, 0),
                     0);
    run(&end);
    ck_assert_int_eq(fstatat(crew.world.store.dir_fd, "metadata/director/root.json", &after, 0), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

START_TEST(metadata_that_cannot_be_read_is_begun_anew)
{
    struct detection list[REPORT_DETECTIONS_MAX];
    struct end end;

    ck_assert_int_eq(file_mkdirs(crew.world.store.dir_fd, "metadata/director/timestamp.json", 0700),
                     0);
    ck_assert_int_eq(file_mkdirs(crew.world.store.dir_fd, "metadata/director/root.json", 0700), 0);
    run(&end);
    ck_assert(!end.agreed);
    ck_assert_uint_eq(detections_list(&crew.detections, list), 1);
    ck_assert_str_eq(list[0].check, "unkept");
    detections_begin(&crew.detections);
    run(&end);
    detections_settle(&crew.detections);
    ck_assert_uint_eq(detections_list(&crew.detections, list), 1);
    ck_assert_str_eq(list[0].check, "unreachable");
}
END_TEST

START_TEST(may_be_given_up_at_any_time)
{
    struct end end = {0};

    ck_assert_int_eq(uptane_start(&uptane, &crew.parts, 7, on_done, &end), 0);
    uptane_cancel(&uptane);
    uptane_cancel(&uptane);
    ck_assert(!end.happened);
    ck_assert(!uptane_is_busy(&uptane));
    run(&end);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/uptane");
    TCase *tcase = tcase_create("uptane");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, says_what_could_not_be_asked_for);
    tcase_add_test(tcase, begins_with_the_pinned_root);
    tcase_add_test(tcase, metadata_that_cannot_be_read_is_begun_anew);
    tcase_add_test(tcase, may_be_given_up_at_any_time);
    return world_run(suite, tcase);
}
