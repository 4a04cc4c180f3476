/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static const struct {
    int64_t wall_ms;
    const char *text;
} times[] = {
    {0,               "1970-01-01T00:00:00.000Z"},
    {1,               "1970-01-01T00:00:00.001Z"},
    {-1,              "1969-12-31T23:59:59.999Z"},
    {1767323045678,   "2026-01-02T03:04:05.678Z"},
    {951782400000,    "2000-02-29T00:00:00.000Z"},
    {4102444799999,   "2099-12-31T23:59:59.999Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {-62135596800000, "0001-01-01T00:00:00.000Z"},
};

START_TEST(writes_and_reads_the_same)
{
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[CLOCK_RFC3339_SIZE];
        int64_t wall_ms;

        clock_format_rfc3339(times[i].wall_ms, text);
        ck_assert_str_eq(text, times[i].text);
        ck_assert(clock_parse_rfc3339(text, &wall_ms));
        ck_assert_int_eq(wall_ms, times[i].wall_ms);
    }
}
END_TEST

static const struct {
    const char *text;
    int64_t wall_ms;
} readable[] = {
    {"1970-01-01T00:00:00Z",         0            },
    {"1970-01-01t00:00:00z",         0            },
    {"1970-01-01 00:00:00Z",         0            },
    {"1970-01-01T00:00:00.5Z",       500          },
    {"1970-01-01T00:00:00.1239999Z", 123          },
    {"1970-01-01T00:00:00.0000001Z", 0            },
    {"1970-01-01T01:00:00+01:00",    0            },
    {"1969-12-31T19:30:00-04:30",    0            },
    {"1970-01-01T00:00:00-00:00",    0            },
    {"1970-01-01T00:00:01.25+00:00", 1250         },
    {"2024-02-29T00:00:00Z",         1709164800000},
 /* a leap second is the second after it */
    {"1990-12-31T23:59:60Z",         662688000000 },
};

START_TEST(reads_other_spellings)
{
    for (size_t i = 0; i < ARRAY_LEN(readable); i++) {
        int64_t wall_ms;

        ck_assert_msg(clock_parse_rfc3339(readable[i].text, &wall_ms), "%s", readable[i].text);
        ck_assert_msg(wall_ms == readable[i].wall_ms, "%s: %lld", readable[i].text,
                      (long long)wall_ms);
    }
}
END_TEST

static const char *const refused[] = {
    "",
    "2026",
    "2026-01-02",
    "2026-01-02T03:04",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05.678",
    "2026-01-02T03:04:05Zx",
    "2026-01-02T03:04:05+0100",
    "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+01:60",
    "2026-13-02T03:04:05Z",
    "2026-00-02T03:04:05Z",
    "2026-01-32T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "1900-02-29T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z",
    "2026-01-02T03:04:61Z",
    "26-01-02T03:04:05Z",
    "2026-1-2T03:04:05Z",
    " 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05 Z",
    "-026-01-02T03:04:05Z",
    "yesterday",
};

START_TEST(refuses_the_rest)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        int64_t wall_ms = 77;

        ck_assert_msg(!clock_parse_rfc3339(refused[i], &wall_ms), "%s", refused[i]);
        ck_assert_int_eq(wall_ms, 77);
    }
}
END_TEST

START_TEST(the_system_clock_moves_forward)
{
    const struct clock *clock = clock_system();
    int64_t before = clock_monotonic_us(clock);

    ck_assert_int_gt(clock_wall_ms(clock), 1700000000000);
    ck_assert_int_ge(clock_monotonic_us(clock), before);
}
END_TEST

static int64_t read_state(void *state)
{
    return *(int64_t *)state;
}

START_TEST(clocks_can_be_injected)
{
    int64_t now = 5;
    const struct clock clock = {read_state, read_state, &now};

    ck_assert_int_eq(clock_wall_ms(&clock), 5);
    now = 6;
    ck_assert_int_eq(clock_monotonic_us(&clock), 6);
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/clock", writes_and_reads_the_same, reads_other_spellings,
                     refuses_the_rest, the_system_clock_moves_forward, clocks_can_be_injected);
}
