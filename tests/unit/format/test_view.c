/* SPDX-License-Identifier: Apache-2.0 */
#include "format/view.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SIZE 1000

static struct view_limits small = {.window_bytes = 16, .windows = 2, .moves_min = 4, .steps = 3};

static const uint8_t *numbers(void)
{
    static uint8_t bytes[SIZE];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7);
    return bytes;
}

START_TEST(shows_every_byte_through_small_windows)
{
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(numbers(), SIZE);
    struct view_limits limits = small;
    struct fault fault;
    uint8_t bytes[40];

    limits.moves_min = UINT64_MAX / 2;
    view_init(&view, &source, &limits, &fault);
    for (size_t size = 0; size <= sizeof(bytes); size += 5) {
        for (size_t at = 0; at + size <= SIZE; at++) {
            ck_assert_int_eq(view_read(&view, at, bytes, size, "it"), 0);
            ck_assert_mem_eq(bytes, numbers() + at, size);
        }
    }
}
END_TEST

START_TEST(reads_numbers_of_both_byte_orders)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(bytes, sizeof(bytes));
    struct fault fault;
    uint64_t eight;
    uint32_t four;
    uint16_t two;

    view_init(&view, &source, NULL, &fault);
    ck_assert_int_eq(view_u16(&view, 1, "it", &two), 0);
    ck_assert_uint_eq(two, 0x0302);
    ck_assert_int_eq(view_u64(&view, 0, "it", &eight), 0);
    ck_assert(eight == UINT64_C(0x0807060504030201));
    view.big_endian = true;
    ck_assert_int_eq(view_u32(&view, 4, "it", &four), 0);
    ck_assert_uint_eq(four, 0x05060708);
}
END_TEST

START_TEST(says_where_a_file_ends)
{
    static const struct {
        uint64_t offset;
        uint64_t size;
    } reads[] = {
        {0,          SIZE + 1  },
        {SIZE,       1         },
        {SIZE + 1,   0         },
        {UINT64_MAX, 2         },
        {2,          UINT64_MAX}
    };
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(numbers(), SIZE);
    struct fault fault = {0};
    uint64_t number;

    view_init(&view, &source, NULL, &fault);
    for (size_t i = 0; i < ARRAY_LEN(reads); i++)
        ck_assert_int_eq(view_has(&view, reads[i].offset, reads[i].size, "it"), FAULT_E_TRUNCATED);
    ck_assert_int_eq(view_has(&view, SIZE, 0, "it"), 0);
    ck_assert_int_eq(view_u64(&view, SIZE - 7, "the end", &number), FAULT_E_TRUNCATED);
    ck_assert_str_eq(fault.text, "the file ends at byte 1000, but the end should be 8 bytes from "
                                 "byte 993 on");
    ck_assert_uint_eq(fault.offset, SIZE);
}
END_TEST

START_TEST(bounds_how_often_windows_move)
{
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(numbers(), SIZE);
    struct fault fault = {0};
    unsigned moves = 0;
    uint8_t byte;
    int r = 0;

    view_init(&view, &source, &small, &fault);
    for (uint64_t at = 0; !r && moves < 10000; at = (at + 320) % SIZE) {
        r = view_u8(&view, at, "it", &byte);
        moves++;
    }
    ck_assert_int_eq(r, FAULT_E_LIMIT);
    ck_assert_uint_le(moves, 4 + VIEW_PASSES_MAX * (SIZE / 16) + 1);
}
END_TEST

START_TEST(bounds_steps_and_memory)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(numbers(), SIZE);
    struct fault fault = {0};

    view_init(&view, &source, &small, &fault);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(view_step(&view, 0), 0);
    ck_assert_int_eq(view_step(&view, 5), FAULT_E_LIMIT);
    view.steps_left = 10;
    view.arena = &arena;
    view.arena_max = 100;
    ck_assert_int_eq(view_step(&view, 0), 0);
    (void)arena_alloc(&arena, 200);
    ck_assert_int_eq(view_step(&view, 0), FAULT_E_LIMIT);
}
END_TEST

static int read_nothing(void *object, uint64_t offset, void *bytes, size_t size)
{
    (void)object;
    (void)offset;
    memset(bytes, 0, size);
    return log_fail(ERR_UNAVAILABLE, "no bytes today");
}

START_TEST(forwards_what_a_source_cannot_read)
{
    CLEANUP(view_release) struct view view = {0};
    struct source source = {.size = 100, .read = read_nothing};
    struct fault fault = {0};
    uint8_t byte;

    view_init(&view, &source, NULL, &fault);
    ck_assert_int_eq(view_u8(&view, 0, "it", &byte), ERR_UNAVAILABLE);
    ck_assert_int_eq(view_u8(&view, 1, "it", &byte), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(shows_names_that_may_be_shown)
{
    static const char bytes[] = "abc\x01\xff\xff 0123456789012345678901234567890123456789"
                                "012345678901234567890123456789";
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(bytes, sizeof(bytes) - 1);
    struct fault fault = {0};
    char label[VIEW_LABEL_SIZE];

    view_init(&view, &source, NULL, &fault);
    view_label(&view, 0, 4, label);
    ck_assert_str_eq(label, "abc?");
    view_label(&view, 0, 6, label);
    ck_assert_str_eq(label, "abc?");
    view_label(&view, 7, 69, label);
    ck_assert_uint_lt(strlen(label), VIEW_LABEL_SIZE);
    ck_assert_ptr_nonnull(strstr(label, "..."));
    view_label(&view, 70, 50, label);
    ck_assert_str_eq(label, "?");
    ck_assert_int_eq(fault.outcome, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/view", shows_every_byte_through_small_windows,
                     reads_numbers_of_both_byte_orders, says_where_a_file_ends,
                     bounds_how_often_windows_move, bounds_steps_and_memory,
                     forwards_what_a_source_cannot_read, shows_names_that_may_be_shown);
}
