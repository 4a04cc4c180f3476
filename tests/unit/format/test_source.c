/* SPDX-License-Identifier: Apache-2.0 */
#include "format/source.h"

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

#include <string.h>

START_TEST(reads_files_and_memory_alike)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    AUTO_CLOSE int fd = openat(folder.fd, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    static const char text[] = "0123456789";
    struct source sources[2];
    char bytes[4];

    ck_assert_int_eq(file_write_all(fd, text, 10), 0);
    sources[0] = source_memory(text, 10);
    ck_assert_int_eq(source_file(fd, &sources[1]), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(sources[i].size, 10);
        ck_assert_int_eq(sources[i].read(sources[i].object, 6, bytes, 4), 0);
        ck_assert_mem_eq(bytes, "6789", 4);
    }
}
END_TEST

START_TEST(fails_where_a_file_became_shorter)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    AUTO_CLOSE int fd = openat(folder.fd, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct source source;
    char bytes[4];

    ck_assert_int_eq(file_write_all(fd, "0123456789", 10), 0);
    ck_assert_int_eq(source_file(fd, &source), 0);
    ck_assert_int_eq(ftruncate(fd, 8), 0);
    ck_assert_int_lt(source.read(source.object, 6, bytes, 4), 0);
}
END_TEST

START_TEST(takes_no_folder)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    struct source source;

    ck_assert_int_lt(source_file(folder.fd, &source), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/source", reads_files_and_memory_alike,
                     fails_where_a_file_became_shorter, takes_no_folder);
}
