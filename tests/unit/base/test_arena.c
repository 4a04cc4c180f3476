/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

START_TEST(gives_zeroed_aligned_memory)
{
    struct arena arena = {0};

    for (size_t size = 0; size < 10000; size += 37) {
        unsigned char *memory = arena_alloc(&arena, size);
        unsigned char sum = 0;

        ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            sum |= memory[i];
        ck_assert_uint_eq(sum, 0);
        memset(memory, 0xff, size);
    }
    arena_release(&arena);
    ck_assert_ptr_null(arena.blocks);
}
END_TEST

START_TEST(formats_into_itself)
{
    struct arena arena = {0};

    ck_assert_str_eq(arena_printf(&arena, "%s-%d", "x", 7), "x-7");
    ck_assert_ptr_null(arena_strdup(&arena, NULL));
    ck_assert_str_eq(arena_strndup(&arena, "abcdef", 3), "abc");
    arena_release(&arena);
}
END_TEST

START_TEST(aborts_beyond_its_ceiling)
{
    struct arena arena = {.ceiling_bytes = 100};

    (void)arena_alloc(&arena, 101);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/arena");
    TCase *tcase = tcase_create("arena");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, gives_zeroed_aligned_memory);
    tcase_add_test(tcase, formats_into_itself);
    tcase_add_test_raise_signal(tcase, aborts_beyond_its_ceiling, 6);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
