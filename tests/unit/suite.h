/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stddef.h>

/*
 * The main() of a suite: runs the tests, each in a process of its own.
 *
 *     int main(void)
 *     {
 *         return SUITE_RUN("base/thing", says_this, says_that);
 *     }
 */
static inline int suite_run(const char *name, void (*set_up)(void), void (*tear_down)(void),
                            const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#define SUITE_RUN(name, ...) SUITE_RUN_WITH(name, NULL, NULL, __VA_ARGS__)

/* With functions that run before and after each test, in its process; either may be NULL. */
#define SUITE_RUN_WITH(name, set_up, tear_down, ...)                                               \
    suite_run((name), (set_up), (tear_down), (const TTest *const[]){__VA_ARGS__},                  \
              sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

#endif
