/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include "base/cleanup.h"
#include "suite.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

START_TEST(appends_and_ends_with_nul)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(100);

    ck_assert_ptr_null(buffer.bytes);
    buffer_append_text(&buffer, "ab");
    buffer_append_char(&buffer, 'c');
    buffer_append(&buffer, "d\0e", 3);
    buffer_printf(&buffer, "%d", 42);
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.size, 8);
    ck_assert_mem_eq(buffer.bytes, "abcd\0e42", 9);
}
END_TEST

START_TEST(appending_nothing_gives_an_empty_text)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(100);

    buffer_append(&buffer, NULL, 0);
    ck_assert_str_eq(buffer.bytes, "");
    ck_assert_uint_eq(buffer.size, 0);
}
END_TEST

START_TEST(holds_exactly_its_ceiling)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(5);

    buffer_append_text(&buffer, "12345");
    ck_assert(!buffer.failed);
    buffer_append_char(&buffer, '6');
    ck_assert(buffer.failed);
    ck_assert_str_eq(buffer.bytes, "12345");
}
END_TEST

START_TEST(stays_failed_until_cleared)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(5);

    buffer_append_text(&buffer, "1234567");
    buffer_append_text(&buffer, "1");
    ck_assert(buffer.failed);
    ck_assert_uint_eq(buffer.size, 0);
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "1");
    ck_assert(!buffer.failed);
    ck_assert_str_eq(buffer.bytes, "1");
}
END_TEST

START_TEST(formats_within_its_ceiling_or_not_at_all)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(5);

    buffer_printf(&buffer, "%s", "12345");
    ck_assert_str_eq(buffer.bytes, "12345");
    buffer_clear(&buffer);
    buffer_printf(&buffer, "%s", "123456");
    ck_assert(buffer.failed);
    ck_assert_uint_eq(buffer.size, 0);
}
END_TEST

START_TEST(writes_numbers_as_printf_does)
{
    const uint64_t numbers[] = {0, 9, 10, 4294967296, UINT64_MAX};
    struct buffer written = BUFFER(1000);
    struct buffer printed = BUFFER(1000);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        buffer_append_u64(&written, numbers[i]);
        buffer_printf(&printed, "%" PRIu64, numbers[i]);
    }
    ck_assert_str_eq(written.bytes, printed.bytes);
    buffer_release(&written);
    buffer_release(&printed);
}
END_TEST

START_TEST(formats_what_its_memory_does_not_hold_yet)
{
    struct buffer buffer = BUFFER(100000);
    char text[700];

    for (size_t length = 1; length < sizeof(text) - 1; length += 23) {
        size_t before = buffer.size;

        memset(text, 'x', length);
        text[length] = '\0';
        buffer_printf(&buffer, "%s", text);
        ck_assert_uint_eq(buffer.size, before + length);
        ck_assert_str_eq(buffer.bytes + before, text);
    }
    buffer_release(&buffer);
}
END_TEST

START_TEST(grows_through_many_sizes)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER((size_t)1 << 20);
    char block[1000];

    memset(block, 'x', sizeof(block));
    for (size_t i = 0; i < 1000; i++)
        buffer_append(&buffer, block, i);
    ck_assert_uint_eq(buffer.size, 499500);
    ck_assert_uint_eq(strspn(buffer.bytes, "x"), 499500);
    ck_assert_uint_eq(strlen(buffer.bytes), 499500);
}
END_TEST

START_TEST(releases_twice_and_keeps_its_ceiling)
{
    struct buffer buffer = BUFFER(7);

    buffer_append_text(&buffer, "x");
    buffer_release(&buffer);
    buffer_release(&buffer);
    buffer_release(NULL);
    ck_assert_uint_eq(buffer.ceiling, 7);
    ck_assert_ptr_null(buffer.bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/buffer", writes_numbers_as_printf_does,
                     formats_what_its_memory_does_not_hold_yet, appends_and_ends_with_nul,
                     appending_nothing_gives_an_empty_text, holds_exactly_its_ceiling,
                     stays_failed_until_cleared, formats_within_its_ceiling_or_not_at_all,
                     grows_through_many_sizes, releases_twice_and_keeps_its_ceiling);
}
