/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/hashing.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

#include <sys/stat.h>

static struct stage stage;

START_TEST(hashes_files_of_any_size)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    static const size_t sizes[] = {0, 1, 1 << 20, (1 << 20) + 1, 3 << 20};
    AUTO_FREE char *bytes = calloc(1, 3 << 20);
    const char *path;

    stage_open(&stage);
    ck_assert_int_eq(interrupt_open(&interrupt), 0);
    path = arena_printf(&stage.cli.arena, "%s/file", stage.home);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint8_t expected[DIGEST_SHA256_SIZE];
        uint8_t digest[DIGEST_SHA256_SIZE];
        uint64_t size;

        ck_assert_int_eq(file_replace(AT_FDCWD, path, bytes, sizes[i], 0600), 0);
        digest_sha256(bytes, sizes[i], expected);
        ck_assert_int_eq(hashing_file(&stage.cli, &interrupt, path, &size, digest), 0);
        ck_assert_uint_eq(size, sizes[i]);
        ck_assert_mem_eq(digest, expected, sizeof(digest));
    }
    stage_close(&stage);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint64_t size;

    stage_open(&stage);
    ck_assert_int_eq(interrupt_open(&interrupt), 0);
    ck_assert_int_eq(hashing_file(&stage.cli, &interrupt, stage.home, &size, digest), CLI_FAILED);
    ck_assert_int_eq(hashing_file(&stage.cli, &interrupt, "/nowhere", &size, digest), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "cannot read '/nowhere': No such file"));
    ck_assert_int_eq(mkfifo(arena_printf(&stage.cli.arena, "%s/pipe", stage.home), 0600), 0);
    ck_assert_int_eq(hashing_file(&stage.cli, &interrupt,
                                  arena_printf(&stage.cli.arena, "%s/pipe", stage.home), &size,
                                  digest),
                     CLI_FAILED);
    stage_close(&stage);
}
END_TEST

/* A file of the kernel's says that it has no bytes, and has some. */
START_TEST(refuses_what_changes_while_it_is_read)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint64_t size;

    stage_open(&stage);
    ck_assert_int_eq(interrupt_open(&interrupt), 0);
    ck_assert_int_eq(hashing_file(&stage.cli, &interrupt, "/proc/self/status", &size, digest),
                     CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "changed while it was read"));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/hashing", hashes_files_of_any_size, refuses_what_is_no_file,
                     refuses_what_changes_while_it_is_read);
}
