/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/repository.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* What goes over the network is tested by tests/integration/test_trust.py. */

START_TEST(joins_addresses_without_doubling_a_slash)
{
    static const struct {
        const char *base;
        const char *name;
        const char *url;
    } cases[] = {
        {"http://h/t",     "a",          "http://h/t/a"              },
        {"http://h/t/",    "a",          "http://h/t/a"              },
        {"http://h/t%20x", "a b/c?d",    "http://h/t%20x/a%20b/c%3Fd"},
        {"http://h",       "d/1.h.onnx", "http://h/d/1.h.onnx"       },
    };
    struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(repository_url(&arena, cases[i].base, cases[i].name), cases[i].url);
    arena_release(&arena);
}
END_TEST

START_TEST(knows_a_target_that_is_there)
{
    json_t *hashes = json_pack("{s:s}", "sha256",
                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct metadata_target target = {.path = "a", .length = 3, .hashes = hashes};
    char path[] = "/tmp/repository.XXXXXX";
    int fd = mkstemp(path);
    bool has;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(repository_has(&target, path, &has), 0);
    ck_assert(!has);
    ck_assert_int_eq(file_write_all(fd, "abc", 3), 0);
    ck_assert_int_eq(repository_has(&target, path, &has), 0);
    ck_assert(has);
    ck_assert_int_eq(file_write_all(fd, "d", 1), 0);
    ck_assert_int_eq(repository_has(&target, path, &has), 0);
    ck_assert(!has);
    (void)close(fd);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(repository_has(&target, path, &has), 0);
    ck_assert(!has);
    json_decref(hashes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("lib/repository", joins_addresses_without_doubling_a_slash,
                     knows_a_target_that_is_there);
}
