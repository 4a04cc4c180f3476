/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include "base/cleanup.h"
#include "suite.h"

#include <signal.h>

START_TEST(sees_a_signal_instead_of_dying)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        CLEANUP(interrupt_close) struct interrupt interrupt = {0};

        ck_assert_int_eq(interrupt_open(&interrupt), 0);
        ck_assert(!interrupt_pending(&interrupt));
        ck_assert_int_eq(raise(signals[i]), 0);
        ck_assert(interrupt_pending(&interrupt));
        ck_assert(interrupt_sleep(&interrupt, 60000)); /* at once */
    }
}
END_TEST

START_TEST(outside_signals_act_as_ever)
{
    struct interrupt interrupt = {0};

    ck_assert_int_eq(interrupt_open(&interrupt), 0);
    interrupt_close(&interrupt);
    interrupt_close(&interrupt);
    interrupt_close(NULL);
    ck_assert_int_eq(raise(SIGTERM), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli/interrupt");
    TCase *tcase = tcase_create("interrupt");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, sees_a_signal_instead_of_dying);
    tcase_add_test_raise_signal(tcase, outside_signals_act_as_ever, SIGTERM);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
