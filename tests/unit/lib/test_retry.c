/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/retry.h"

#include <check.h>
#include <stddef.h>

static uint64_t highest(void *state)
{
    (void)state;
    return 0;
}

static uint64_t fixed(void *state)
{
    return *(const uint64_t *)state;
}

START_TEST(doubles_its_span_up_to_the_cap)
{
    static const int64_t spans[] = {1000, 2000, 4000, 8000, 10000, 10000, 10000};

    for (size_t failures = 0; failures < sizeof(spans) / sizeof(spans[0]); failures++) {
        uint64_t draw = (uint64_t)spans[failures];
        struct retry retry = {.base_ms = 1000, .cap_ms = 10000, .random = fixed};

        retry.random_state = &draw;
        for (size_t i = 0; i < failures; i++)
            (void)retry_failed(&retry, -1);
        ck_assert_int_eq(retry_failed(&retry, -1), spans[failures]);
        retry.failures = (unsigned)failures;
        draw++; /* one more wraps to nothing: the span ends there */
        ck_assert_int_eq(retry_failed(&retry, -1), 0);
    }
}
END_TEST

START_TEST(never_overflows)
{
    struct retry retry = {.base_ms = 1, .cap_ms = INT64_MAX / 4};

    for (int i = 0; i < 200; i++) {
        int64_t wait = retry_failed(&retry, -1);

        ck_assert_int_ge(wait, 0);
        ck_assert_int_le(wait, INT64_MAX / 4);
    }
}
END_TEST

START_TEST(starts_over_after_success)
{
    uint64_t draw = 500;
    struct retry retry = {.base_ms = 500, .cap_ms = 10000, .random = fixed, .random_state = &draw};

    for (int i = 0; i < 5; i++)
        (void)retry_failed(&retry, -1);
    retry_succeeded(&retry);
    ck_assert_int_eq(retry_failed(&retry, -1), 500);
}
END_TEST

START_TEST(waits_out_what_the_server_asked_for)
{
    struct retry retry = {.base_ms = 100, .cap_ms = 1000, .random = highest};

    ck_assert_int_eq(retry_failed(&retry, 7000), 7000);
    ck_assert_int_eq(retry_failed(&retry, INT64_MAX), RETRY_AFTER_MAX_MS);
}
END_TEST

START_TEST(reads_retry_after)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {NULL,                            -1                },
        {"",                              -1                },
        {"soon",                          -1                },
        {"0",                             0                 },
        {"120",                           120000            },
        {"120s",                          -1                },
        {"-3",                            -1                },
        {"99999999999999999999999",       RETRY_AFTER_MAX_MS},
        {"Thu, 01 Jan 1970 00:00:10 GMT", 9000              },
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0                 },
        {"Thu, 01 Jan 2099 00:00:00 GMT", RETRY_AFTER_MAX_MS},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_int_eq(retry_parse_after(rows[i].text, 1000), rows[i].ms);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib/retry");
    TCase *tcase = tcase_create("retry");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, doubles_its_span_up_to_the_cap);
    tcase_add_test(tcase, never_overflows);
    tcase_add_test(tcase, starts_over_after_success);
    tcase_add_test(tcase, waits_out_what_the_server_asked_for);
    tcase_add_test(tcase, reads_retry_after);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
