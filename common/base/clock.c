/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_wall_ms(void *state)
{
    struct timespec now;

    (void)state;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t read_monotonic_us(void *state)
{
    struct timespec now;

    (void)state;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const struct clock *clock_system(void)
{
    static const struct clock system = {read_wall_ms, read_monotonic_us, NULL};

    return &system;
}

void clock_format_rfc3339(int64_t wall_ms, char ret_text[static CLOCK_RFC3339_SIZE])
{
    int64_t ms = ((wall_ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((wall_ms - ms) / 1000);
    char text[64];
    struct tm utc;

    (void)gmtime_r(&seconds, &utc);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)ms);
    memcpy(ret_text, text, CLOCK_RFC3339_SIZE - 1);
    ret_text[CLOCK_RFC3339_SIZE - 1] = '\0';
}

/* Reads exactly `digits` decimal digits and moves on. */
static bool read_number(const char **cursor, int digits, int *ret_number)
{
    int number = 0;

    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)**cursor))
            return false;
        number = number * 10 + (**cursor - '0');
        (*cursor)++;
    }
    *ret_number = number;
    return true;
}

static bool read_char(const char **cursor, const char *allowed)
{
    if (!**cursor || !strchr(allowed, **cursor))
        return false;
    (*cursor)++;
    return true;
}

static int read_fraction_ms(const char **cursor)
{
    int ms = 0;
    int scale = 100;

    while (isdigit((unsigned char)**cursor)) {
        ms += (**cursor - '0') * scale;
        scale /= 10;
        (*cursor)++;
    }
    return ms;
}

static bool read_offset_seconds(const char **cursor, int *ret_seconds)
{
    int sign = **cursor == '-' ? -1 : 1;
    int hours;
    int minutes;

    if (read_char(cursor, "Zz")) {
        *ret_seconds = 0;
        return true;
    }
    if (!read_char(cursor, "+-") || !read_number(cursor, 2, &hours) || !read_char(cursor, ":") ||
        !read_number(cursor, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool date_is_valid(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms)
{
    const char *cursor = text;
    struct tm utc = {0};
    int year;
    int month;
    int offset;
    int ms = 0;

    if (!read_number(&cursor, 4, &year) || !read_char(&cursor, "-") ||
        !read_number(&cursor, 2, &month) || !read_char(&cursor, "-") ||
        !read_number(&cursor, 2, &utc.tm_mday) || !read_char(&cursor, "Tt ") ||
        !read_number(&cursor, 2, &utc.tm_hour) || !read_char(&cursor, ":") ||
        !read_number(&cursor, 2, &utc.tm_min) || !read_char(&cursor, ":") ||
        !read_number(&cursor, 2, &utc.tm_sec))
        return false;
    if (read_char(&cursor, ".")) {
        if (!isdigit((unsigned char)*cursor))
            return false;
        ms = read_fraction_ms(&cursor);
    }
    if (!read_offset_seconds(&cursor, &offset) || *cursor)
        return false;
    if (!date_is_valid(year, month, utc.tm_mday) || utc.tm_hour > 23 || utc.tm_min > 59 ||
        utc.tm_sec > 60)
        return false;
    utc.tm_year = year - 1900;
    utc.tm_mon = month - 1;
    *ret_wall_ms = ((int64_t)timegm(&utc) - offset) * 1000 + ms;
    return true;
}
