/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Time comes in through one of these, so that tests never sleep. Components take a
 * `const struct clock *` from whoever builds them; clock_system() is the real one.
 */
struct clock {
    int64_t (*wall_ms)(void *state);      /* milliseconds since 1970-01-01T00:00:00Z */
    int64_t (*monotonic_us)(void *state); /* microseconds since some point; never goes back */
    void *state;
};

const struct clock *clock_system(void);

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->state);
}

static inline int64_t clock_monotonic_us(const struct clock *clock)
{
    return clock->monotonic_us(clock->state);
}

#define CLOCK_RFC3339_SIZE sizeof("2026-01-02T03:04:05.678Z")

/* Writes RFC 3339 in UTC with milliseconds. */
void clock_format_rfc3339(int64_t wall_ms, char ret_text[static CLOCK_RFC3339_SIZE]);

/*
 * Parses RFC 3339 (5.6): any offset, any number of fraction digits (cut to milliseconds).
 * Returns false, and leaves ret_wall_ms, where the text is anything else.
 */
bool clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms);

#endif
