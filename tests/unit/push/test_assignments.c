/* SPDX-License-Identifier: Apache-2.0 */
#include "push/assignments.h"

#include "suite.h"

START_TEST(keeps_one_of_each_until_the_last_reference_goes)
{
    struct assignments *assignments;

    ck_assert_int_eq(assignments_new(&assignments), 0);
    ck_assert_ptr_null(assignments_hold(assignments, 7));
    struct assignment *first = assignments_add(assignments, 7, "{\"main\":1}");
    struct assignment *again = assignments_add(assignments, 7, "ignored");
    struct assignment *held = assignments_hold(assignments, 7);
    ck_assert_ptr_eq(first, again);
    ck_assert_ptr_eq(first, held);
    ck_assert_str_eq(first->slots, "{\"main\":1}");
    ck_assert_uint_eq(first->size, 10);

    assignments_drop(assignments, first);
    assignments_drop(assignments, again);
    ck_assert_uint_eq(assignments_count(assignments), 1);
    assignments_drop(assignments, held);
    ck_assert_uint_eq(assignments_count(assignments), 0);
    ck_assert_ptr_null(assignments_hold(assignments, 7));
    assignments_drop(assignments, NULL);
    assignments_free(assignments);
}
END_TEST

START_TEST(finds_each_of_very_many)
{
    struct assignments *assignments;

    ck_assert_int_eq(assignments_new(&assignments), 0);
    for (int64_t id = 1; id <= 5000; id++)
        ck_assert_ptr_nonnull(assignments_add(assignments, id, "{}"));
    ck_assert_uint_eq(assignments_count(assignments), 5000);
    for (int64_t id = 1; id <= 5000; id++) {
        struct assignment *assignment = assignments_hold(assignments, id);

        ck_assert_int_eq(assignment->id, id);
        assignments_drop(assignments, assignment);
    }
    assignments_free(assignments); /* with what is still held */
    assignments_free(NULL);
}
END_TEST

int main(void)
{
    return SUITE_RUN("push/assignments", keeps_one_of_each_until_the_last_reference_goes,
                     finds_each_of_very_many);
}
