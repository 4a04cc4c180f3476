/* SPDX-License-Identifier: Apache-2.0 */
#include "model/semver.h"

#include "model/name.h"

#include <string.h>

#define DIGITS "0123456789"
#define IDENTIFIER DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

static bool is_number(struct semver_span span)
{
    return span.length > 0 && strspn(span.text, DIGITS) >= span.length;
}

static bool read_number(const char **cursor, struct semver_span *ret_span)
{
    struct semver_span span = {*cursor, strspn(*cursor, DIGITS)};

    if (span.length == 0 || (span.length > 1 && span.text[0] == '0'))
        return false;
    *cursor += span.length;
    *ret_span = span;
    return true;
}

/* Dot-separated identifiers; strict: numeric ones have no leading zeros (pre-releases). */
static bool read_identifiers(const char **cursor, bool strict, struct semver_span *ret_span)
{
    const char *begin = *cursor;

    for (;;) {
        struct semver_span one = {*cursor, strspn(*cursor, IDENTIFIER)};

        if (one.length == 0)
            return false;
        if (strict && one.length > 1 && one.text[0] == '0' && is_number(one))
            return false;
        *cursor += one.length;
        if (**cursor != '.')
            break;
        (*cursor)++;
    }
    *ret_span = (struct semver_span){begin, (size_t)(*cursor - begin)};
    return true;
}

bool semver_parse(const char *text, struct semver *ret_version)
{
    static const struct semver_span zero = {"0", 1};
    struct semver version = {
        .numbers = {zero, zero, zero}
    };
    const char *cursor = text;

    if (strlen(text) > NAME_VERSION_MAX_BYTES || !read_number(&cursor, &version.numbers[0]))
        return false;
    if (!*cursor) {
        version.plain = true;
        *ret_version = version;
        return true;
    }
    for (size_t i = 1; i < 3; i++) {
        if (*cursor++ != '.' || !read_number(&cursor, &version.numbers[i]))
            return false;
    }
    if (*cursor == '-') {
        cursor++;
        if (!read_identifiers(&cursor, true, &version.prerelease))
            return false;
    }
    if (*cursor == '+') {
        cursor++;
        if (!read_identifiers(&cursor, false, &version.build))
            return false;
    }
    if (*cursor)
        return false;
    *ret_version = version;
    return true;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

/* Of numbers without leading zeros: the longer is the larger. */
static int compare_numbers(struct semver_span a, struct semver_span b)
{
    return a.length == b.length ? memcmp(a.text, b.text, a.length)
                                : compare_sizes(a.length, b.length);
}

static int compare_texts(struct semver_span a, struct semver_span b)
{
    int r = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);

    return r ? r : compare_sizes(a.length, b.length);
}

static struct semver_span take_identifier(struct semver_span *rest)
{
    const char *dot = memchr(rest->text, '.', rest->length);
    struct semver_span one = {rest->text, dot ? (size_t)(dot - rest->text) : rest->length};
    size_t used = one.length + (dot ? 1 : 0);

    rest->text += used;
    rest->length -= used;
    return one;
}

static int compare_identifiers(struct semver_span a, struct semver_span b)
{
    bool a_number = is_number(a);
    bool b_number = is_number(b);

    if (a_number && b_number)
        return compare_numbers(a, b);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    return compare_texts(a, b);
}

static int compare_prereleases(struct semver_span a, struct semver_span b)
{
    if (a.length == 0 || b.length == 0)
        return compare_sizes(a.length == 0, b.length == 0); /* a release comes after */
    while (a.length > 0 && b.length > 0) {
        int r = compare_identifiers(take_identifier(&a), take_identifier(&b));

        if (r)
            return r;
    }
    return compare_sizes(a.length, b.length);
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    int r;

    for (size_t i = 0; i < 3; i++) {
        r = compare_numbers(a->numbers[i], b->numbers[i]);
        if (r)
            return r;
    }
    r = compare_prereleases(a->prerelease, b->prerelease);
    return r ? r : (int)b->plain - (int)a->plain;
}
