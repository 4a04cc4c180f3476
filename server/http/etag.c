/* SPDX-License-Identifier: Apache-2.0 */
#include "http/etag.h"

#include <stddef.h>
#include <string.h>

/* By hand: every poll prints one. */
void etag_print_number(int64_t number, char ret_tag[static ETAG_NUMBER_SIZE])
{
    char digits[20];
    size_t first = sizeof(digits);
    char *at = ret_tag;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *at++ = '"';
    memcpy(at, digits + first, sizeof(digits) - first);
    at += sizeof(digits) - first;
    memcpy(at, "\"", 2);
}

/* Parses "7" with its quotes; returns what is behind it, or NULL. */
static const char *parse_tag(const char *text, int64_t *ret_number)
{
    int64_t number = 0;
    int digits = 0;

    if (*text++ != '"')
        return NULL;
    for (; *text >= '0' && *text <= '9' && digits < 18; text++, digits++)
        number = number * 10 + (*text - '0');
    if (digits == 0 || *text != '"')
        return NULL;
    *ret_number = number;
    return text + 1;
}

bool etag_lists_number(const char *header, int64_t number)
{
    const char *text = header;

    while (*text) {
        const char *rest;
        int64_t tag;

        text += strspn(text, " \t,");
        if (*text == '*')
            return true;
        if (strncmp(text, "W/", 2) == 0)
            text += 2;
        rest = parse_tag(text, &tag);
        if (rest && tag == number)
            return true;
        text = rest ? rest : text + strcspn(text, ",");
    }
    return false;
}

bool etag_parse_number(const char *header, int64_t *ret_number)
{
    int64_t number;
    const char *rest = parse_tag(header, &number);

    if (!rest || *rest)
        return false;
    *ret_number = number;
    return true;
}
