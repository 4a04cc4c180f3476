/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/units.h"

#include "base/cleanup.h"
#include "suite.h"

#define NOW_MS ((int64_t)1767323045000) /* 2026-01-02T03:04:05Z */

START_TEST(writes_sizes)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0,                     "0 B"     },
        {1023,                  "1023 B"  },
        {1024,                  "1.0 KiB" },
        {1536,                  "1.5 KiB" },
        {1048575,               "1.0 MiB" },
        {5368709120U,           "5.0 GiB" },
        {18446744073709551615U, "16.0 EiB"},
    };
    char text[UNITS_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        units_bytes(rows[i].bytes, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(writes_durations)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {-5,            "0 us"      },
        {184,           "184 us"    },
        {12345,         "12 ms"     },
        {4250000,       "4.2 s"     },
        {59990000,      "59.9 s"    },
        {60000000,      "1 min"     },
        {185000000,     "3 min 5 s" },
        {7800000000,    "2 h 10 min"},
        {1047600000000, "12 d 3 h"  },
    };
    char text[UNITS_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        units_duration(rows[i].us, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(writes_times_absolute_and_relative)
{
    static const struct {
        const char *time;
        const char *full;
        const char *brief;
    } rows[] = {
        {"2026-01-02T03:01:05.678Z", "2026-01-02 03:01:05 UTC (2 min 59 s ago)", "2 min 59 s ago"},
        {"2026-01-02T03:04:04.500Z", "2026-01-02 03:04:04 UTC (just now)",       "just now"      },
        {"2026-01-02T03:04:25.000Z", "2026-01-02 03:04:25 UTC (in 20 s)",        "in 20 s"       },
        {"2025-01-02T03:04:05.000Z", "2025-01-02 03:04:05 UTC",                  "2025-01-02"    },
        {NULL,                       "never",                                    "never"         },
        {"soon",                     "soon",                                     "soon"          },
    };
    char text[UNITS_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        units_when(rows[i].time, NOW_MS, text);
        ck_assert_str_eq(text, rows[i].full);
        units_when_short(rows[i].time, NOW_MS, text);
        ck_assert_str_eq(text, rows[i].brief);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/units", writes_sizes, writes_durations,
                     writes_times_absolute_and_relative);
}
