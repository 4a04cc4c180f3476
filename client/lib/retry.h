/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_RETRY_H
#define LIB_RETRY_H

#include <stdint.h>

/*
 * When to try again: exponential backoff with full jitter (a uniformly random share of a span that
 * doubles with each failure), so that a fleet that lost its server does not come back as one.
 */
struct retry {
    int64_t base_ms;                 /* the first span */
    int64_t cap_ms;                  /* no span is longer */
    uint64_t (*random)(void *state); /* NULL: the system's */
    void *random_state;
    unsigned failures;
};

/*
 * Counts a failure and says how long to wait.
 *
 * retry_after_ms  what the other side asked for; -1: nothing. It is waited out first (up to
 *                 RETRY_AFTER_MAX_MS, so that no answer can put a device to sleep for good), and
 *                 the jitter is added to it.
 */
int64_t retry_failed(struct retry *retry, int64_t retry_after_ms);

/* It worked: the next failure starts with base_ms. */
void retry_succeeded(struct retry *retry);

#define RETRY_AFTER_MAX_MS ((int64_t)3600 * 1000)

/*
 * Reads a Retry-After header (RFC 9110, 10.2.3: seconds, or a date) against the wall clock.
 * Returns milliseconds from now (0 where the date is past), or -1 where text is NULL or neither.
 */
int64_t retry_parse_after(const char *text, int64_t wall_ms);

#endif
