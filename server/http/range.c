/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"

#include <string.h>
#include <strings.h>

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits; a number beyond 64 bits is as good as the largest. */
static const char *read_number(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (; is_digit(*text); text++) {
        unsigned digit = (unsigned)(*text - '0');

        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *ret_number = number;
    return text;
}

/* One range-spec of a representation that is not there has length 0. NULL where malformed. */
static const char *read_spec(const char *text, uint64_t size, struct range *ret_range)
{
    uint64_t first;
    uint64_t last = UINT64_MAX;

    if (*text == '-') {
        uint64_t suffix;

        if (!is_digit(text[1]))
            return NULL;
        text = read_number(text + 1, &suffix);
        if (suffix > size)
            suffix = size;
        *ret_range = (struct range){.first = size - suffix, .length = suffix};
        return text;
    }
    if (!is_digit(*text))
        return NULL;
    text = read_number(text, &first);
    if (*text != '-')
        return NULL;
    text++;
    if (is_digit(*text)) {
        text = read_number(text, &last);
        if (last < first)
            return NULL;
    }
    *ret_range = (struct range){.first = first};
    if (first < size)
        ret_range->length = (last < size - 1 ? last : size - 1) - first + 1;
    return text;
}

int range_parse(const char *header, uint64_t size, struct range ret_ranges[static RANGE_MAX],
                size_t *ret_count)
{
    struct range ranges[RANGE_MAX];
    size_t satisfiable = 0;
    size_t specs = 0;
    uint64_t left = size;
    const char *text;

    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_E_NONE;
    for (text = skip_space(header + 6); *text; text = skip_space(text)) {
        struct range range;

        if (*text == ',') {
            text++;
            continue;
        }
        text = read_spec(text, size, &range);
        if (!text)
            return RANGE_E_NONE;
        text = skip_space(text);
        if (*text && *text != ',')
            return RANGE_E_NONE;
        if (++specs > RANGE_MAX)
            return RANGE_E_UNSATISFIABLE;
        if (range.length == 0)
            continue;
        if (range.length > left)
            return RANGE_E_UNSATISFIABLE;
        left -= range.length;
        ranges[satisfiable++] = range;
    }
    if (specs == 0)
        return RANGE_E_NONE;
    if (satisfiable == 0)
        return RANGE_E_UNSATISFIABLE;
    memcpy(ret_ranges, ranges, satisfiable * sizeof(*ranges));
    *ret_count = satisfiable;
    return 0;
}

bool range_applies(const char *if_range, const char *etag)
{
    return !if_range || strcmp(if_range, etag) == 0;
}

/* The entity tag at the start of text, without W/. Returns its end, or NULL where there is none. */
static const char *read_etag(const char *text, bool *ret_weak, const char **ret_opaque)
{
    const char *end;

    *ret_weak = strncmp(text, "W/", 2) == 0;
    if (*ret_weak)
        text += 2;
    if (*text != '"')
        return NULL;
    end = strchr(text + 1, '"');
    *ret_opaque = text;
    return end ? end + 1 : NULL;
}

bool range_etag_in(const char *list, const char *etag, bool strong)
{
    size_t length = strlen(etag);
    const char *text = skip_space(list);

    if (*text == '*')
        return *skip_space(text + 1) == '\0';
    while (*text) {
        const char *opaque;
        const char *end;
        bool weak;

        if (*text == ',') {
            text = skip_space(text + 1);
            continue;
        }
        end = read_etag(text, &weak, &opaque);
        if (!end)
            return false;
        if ((size_t)(end - opaque) == length && memcmp(opaque, etag, length) == 0 &&
            !(strong && weak))
            return true;
        text = skip_space(end);
    }
    return false;
}
