/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "cli/printable.h"
#include "stage.h"
#include "suite.h"

#define MIB ((uint64_t)1 << 20)

static struct stage stage;
static struct progress progress;

static void begin(uint64_t total)
{
    stage_open(&stage);
    stage.cli.output.err_terminal = true;
    stage.cli.output.columns = 100;
    progress_begin(&progress, &stage.cli.output, &stage.clock, "model.onnx", total);
}

START_TEST(shows_share_speed_and_what_is_left)
{
    char line[512];

    begin(100 * MIB);
    progress.done = 50 * MIB;
    progress_render(&progress, progress.started_us + 10000000, 100, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "model.onnx  [=="));
    ck_assert_ptr_nonnull(strstr(line, " 50%  50.0 MiB of 100.0 MiB  5.0 MiB/s  10.0 s left"));
    stage_close(&stage);
}
END_TEST

START_TEST(does_not_count_what_was_there_as_speed)
{
    char line[512];

    begin(100 * MIB);
    progress_resume(&progress, 90 * MIB);
    progress.done = 95 * MIB;
    progress_render(&progress, progress.started_us + 5000000, 100, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "1.0 MiB/s  5.0 s left"));
    stage_close(&stage);
}
END_TEST

START_TEST(fits_any_width)
{
    char line[512];

    begin(100 * MIB);
    progress.done = 33 * MIB;
    for (unsigned columns = 10; columns < 200; columns++) {
        progress_render(&progress, progress.started_us + 3000000, columns, line, sizeof(line));
        ck_assert_uint_le(printable_columns(line), columns);
        ck_assert_ptr_nonnull(strstr(line, "33%"));
    }
    stage_close(&stage);
}
END_TEST

START_TEST(survives_empty_files_and_files_that_grow)
{
    char line[512];

    begin(0);
    progress_render(&progress, progress.started_us, 80, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "100%"));
    progress.done = 5;
    progress_render(&progress, progress.started_us + 1000000, 80, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "100%"));
    stage_close(&stage);
}
END_TEST

START_TEST(redraws_ten_times_a_second_and_erases_itself)
{
    size_t drawn;

    begin(100 * MIB);
    progress_update(&progress, MIB);
    drawn = strlen(stage_err(&stage));
    ck_assert_uint_gt(drawn, 0);
    stage.monotonic_us += 50000;
    progress_update(&progress, 2 * MIB);
    ck_assert_uint_eq(strlen(stage_err(&stage)), drawn);
    stage.monotonic_us += 50000;
    progress_update(&progress, 3 * MIB);
    ck_assert_uint_gt(strlen(stage_err(&stage)), drawn);
    progress_end(&progress, "model.onnx  uploaded");
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "\r\x1b[Kmodel.onnx  uploaded\n"));
    stage_close(&stage);
}
END_TEST

START_TEST(is_silent_where_nobody_looks)
{
    begin(100 * MIB);
    stage.cli.output.err_terminal = false;
    progress_update(&progress, MIB);
    progress_end(&progress, NULL);
    ck_assert_str_eq(stage_err(&stage), "");
    stage.cli.output.err_terminal = true;
    stage.cli.output.json = true;
    progress_update(&progress, 2 * MIB);
    progress_end(&progress, "done");
    ck_assert_str_eq(stage_err(&stage), "");
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/progress", shows_share_speed_and_what_is_left,
                     does_not_count_what_was_there_as_speed, fits_any_width,
                     survives_empty_files_and_files_that_grow,
                     redraws_ten_times_a_second_and_erases_itself, is_silent_where_nobody_looks);
}
