/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STAGE_H
#define STAGE_H

#include "base/file.h"
#include "cli/cli.h"
#include "crypto/secret.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A command line in memory: its streams are texts, its home is an empty folder, its clock stands
 * still at 2026-01-02T03:04:05Z unless a test moves it.
 */
struct stage {
    struct cli cli;
    struct clock clock;
    int64_t wall_ms;
    int64_t monotonic_us;
    char *out;
    char *err;
    size_t out_size;
    size_t err_size;
    char home[64];
};

#define STAGE_NOW_MS ((int64_t)1767323045000)

static inline int64_t stage_wall_ms(void *state)
{
    return ((struct stage *)state)->wall_ms;
}

static inline int64_t stage_monotonic_us(void *state)
{
    return ((struct stage *)state)->monotonic_us;
}

static inline void stage_open(struct stage *stage)
{
    *stage = (struct stage){.wall_ms = STAGE_NOW_MS, .monotonic_us = 1000000};
    stage->clock = (struct clock){stage_wall_ms, stage_monotonic_us, stage};
    (void)snprintf(stage->home, sizeof(stage->home), "/tmp/modelferry-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(stage->home));
    ck_assert_int_eq(setenv("HOME", stage->home, 1), 0);
    for (size_t i = 0; i < 8; i++) {
        static const char *const names[] = {"XDG_CONFIG_HOME",       "XDG_STATE_HOME",
                                            "MODELFERRY_URL",        "MODELFERRY_TOKEN",
                                            "MODELFERRY_PROFILE",    "MODELFERRY_CA_FILE",
                                            "MODELFERRY_PASSPHRASE", "MODELFERRY_PASSPHRASE_FILE"};

        ck_assert_int_eq(unsetenv(names[i]), 0);
    }
    ck_assert(secret_init());
    stage->cli.clock = &stage->clock;
    output_init(&stage->cli.output, open_memstream(&stage->out, &stage->out_size),
                open_memstream(&stage->err, &stage->err_size), STAGE_NOW_MS);
}

/* What was printed so far. */
static inline const char *stage_out(struct stage *stage)
{
    (void)fflush(stage->cli.output.out);
    return stage->out;
}

static inline const char *stage_err(struct stage *stage)
{
    (void)fflush(stage->cli.output.err);
    return stage->err;
}

/* A whole command line, without the program's name; ends with NULL. Returns its exit status. */
static inline int stage_run(struct stage *stage, const char *const *arguments)
{
    char *argv[32] = {strdup("modelferry")};
    int argc = 1;
    int status;

    for (; *arguments; arguments++)
        argv[argc++] = strdup(*arguments);
    status =
        cli_run(&stage->clock, stdin, stage->cli.output.out, stage->cli.output.err, argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

#define STAGE_RUN(stage, ...) stage_run((stage), (const char *const[]){__VA_ARGS__, NULL})

static inline void stage_close(struct stage *stage)
{
    (void)fclose(stage->cli.output.out);
    (void)fclose(stage->cli.output.err);
    free(stage->out);
    free(stage->err);
    arena_release(&stage->cli.arena);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, stage->home), 0);
}

#endif
