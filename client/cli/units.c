/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/units.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define RELATIVE_MAX_MS ((int64_t)60 * 24 * 3600 * 1000)

struct unit {
    const char *name;
    int64_t us;
};

static const struct unit coarse[] = {
    {"d",   (int64_t)24 * 3600 * 1000000},
    {"h",   (int64_t)3600 * 1000000     },
    {"min", (int64_t)60 * 1000000       },
    {"s",   (int64_t)1000000            },
};

void units_bytes(uint64_t bytes, char ret_text[static UNITS_SIZE])
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t i = 0;

    if (bytes < 1024) {
        (void)snprintf(ret_text, UNITS_SIZE, "%u B", (unsigned)bytes);
        return;
    }
    /* 1023.95 would print as 1024.0. */
    while (value >= 1023.95 && i + 1 < ARRAY_LEN(names)) {
        value /= 1024;
        i++;
    }
    (void)snprintf(ret_text, UNITS_SIZE, "%.1f %s", value, names[i]);
}

void units_duration(int64_t duration_us, char ret_text[static UNITS_SIZE])
{
    int64_t us = duration_us < 0 ? 0 : duration_us;
    size_t i = 0;

    if (us < 1000) {
        (void)snprintf(ret_text, UNITS_SIZE, "%d us", (int)us);
        return;
    }
    if (us < 1000000) {
        (void)snprintf(ret_text, UNITS_SIZE, "%d ms", (int)(us / 1000));
        return;
    }
    if (us < (int64_t)60 * 1000000) {
        (void)snprintf(ret_text, UNITS_SIZE, "%d.%d s", (int)(us / 1000000),
                       (int)(us / 100000 % 10));
        return;
    }
    while (us < coarse[i].us)
        i++;
    if (us % coarse[i].us / coarse[i + 1].us == 0)
        (void)snprintf(ret_text, UNITS_SIZE, "%lld %s", (long long)(us / coarse[i].us),
                       coarse[i].name);
    else
        (void)snprintf(ret_text, UNITS_SIZE, "%lld %s %lld %s", (long long)(us / coarse[i].us),
                       coarse[i].name, (long long)(us % coarse[i].us / coarse[i + 1].us),
                       coarse[i + 1].name);
}

/* "3 min ago" or "in 3 min"; whole seconds. */
static void relative(int64_t then_ms, int64_t now_ms, char ret_text[static UNITS_SIZE])
{
    int64_t distance_ms = then_ms < now_ms ? now_ms - then_ms : then_ms - now_ms;
    char span[UNITS_SIZE];

    if (distance_ms < 1000) {
        (void)snprintf(ret_text, UNITS_SIZE, "just now");
        return;
    }
    if (distance_ms < 60000)
        (void)snprintf(span, sizeof(span), "%d s", (int)(distance_ms / 1000));
    else
        units_duration(distance_ms * 1000, span);
    (void)snprintf(ret_text, UNITS_SIZE, then_ms < now_ms ? "%.48s ago" : "in %.48s", span);
}

static int near_enough(int64_t then_ms, int64_t now_ms)
{
    return then_ms > now_ms - RELATIVE_MAX_MS && then_ms < now_ms + RELATIVE_MAX_MS;
}

void units_when(const char *text, int64_t now_ms, char ret_text[static UNITS_SIZE])
{
    char span[UNITS_SIZE];
    char absolute[CLOCK_RFC3339_SIZE];
    int64_t then_ms;

    if (!text) {
        (void)snprintf(ret_text, UNITS_SIZE, "never");
        return;
    }
    if (!clock_parse_rfc3339(text, &then_ms)) {
        (void)snprintf(ret_text, UNITS_SIZE, "%.*s", UNITS_SIZE - 1, text);
        return;
    }
    clock_format_rfc3339(then_ms, absolute);
    if (near_enough(then_ms, now_ms)) {
        relative(then_ms, now_ms, span);
        (void)snprintf(ret_text, UNITS_SIZE, "%.10s %.8s UTC (%.30s)", absolute, absolute + 11,
                       span);
    } else {
        (void)snprintf(ret_text, UNITS_SIZE, "%.10s %.8s UTC", absolute, absolute + 11);
    }
}

void units_when_short(const char *text, int64_t now_ms, char ret_text[static UNITS_SIZE])
{
    char absolute[CLOCK_RFC3339_SIZE];
    int64_t then_ms;

    if (!text) {
        (void)snprintf(ret_text, UNITS_SIZE, "never");
        return;
    }
    if (!clock_parse_rfc3339(text, &then_ms)) {
        (void)snprintf(ret_text, UNITS_SIZE, "%.*s", UNITS_SIZE - 1, text);
        return;
    }
    if (near_enough(then_ms, now_ms)) {
        relative(then_ms, now_ms, ret_text);
        return;
    }
    clock_format_rfc3339(then_ms, absolute);
    (void)snprintf(ret_text, UNITS_SIZE, "%.10s", absolute);
}
