/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/failure.h"

#include "lib/http.h"
#include "world.h"

static const struct {
    int outcome;
    int status;
    enum detection_check check;
} rows[] = {
    {HTTP_E_UNREACHABLE, 0,   DETECTION_UNREACHABLE   },
    {HTTP_E_TLS,         0,   DETECTION_UNREACHABLE   },
    {HTTP_E_CUT,         200, DETECTION_UNREACHABLE   },
    {HTTP_E_TIMEOUT,     200, DETECTION_SLOW_RETRIEVAL},
    {HTTP_E_TOO_LARGE,   200, DETECTION_ENDLESS_DATA  },
    {0,                  503, DETECTION_UNREACHABLE   },
    {0,                  429, DETECTION_UNREACHABLE   },
    {0,                  401, DETECTION_UNREACHABLE   },
    {0,                  404, DETECTION_MISSING       },
    {0,                  409, DETECTION_MISSING       },
};

START_TEST(has_a_word_for_every_failure)
{
    ck_assert_int_eq(failure_check(rows[_i].outcome, rows[_i].status), rows[_i].check);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/failure");
    TCase *tcase = tcase_create("failure");

    tcase_add_loop_test(tcase, has_a_word_for_every_failure, 0, (int)ARRAY_LEN(rows));
    return world_run(suite, tcase);
}
