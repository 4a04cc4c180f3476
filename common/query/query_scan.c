/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query_scan.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const reserved[] = {"and", "or", "not", "in", "like", "exists", NULL};

bool query_scan_is_bare(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_.:/+*?@#%~-", c)) || (c & 0x80);
}

bool query_scan_is_key(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_./-", c));
}

bool query_scan_is_reserved(const char *word, size_t length)
{
    for (const char *const *one = reserved; *one; one++) {
        if (strlen(*one) == length && strncasecmp(*one, word, length) == 0)
            return true;
    }
    return false;
}

bool query_scan_needs_quotes(const char *text)
{
    size_t length = 0;

    while (query_scan_is_bare(text[length]))
        length++;
    return length == 0 || text[length] || query_scan_is_reserved(text, length);
}

void query_scan_space(struct query_scan *scan)
{
    while (scan->text[scan->at] && strchr(" \t\r\n", scan->text[scan->at]))
        scan->at++;
}

bool query_scan_at_end(struct query_scan *scan)
{
    query_scan_space(scan);
    return !scan->text[scan->at];
}

bool query_scan_take(struct query_scan *scan, char c)
{
    query_scan_space(scan);
    if (scan->text[scan->at] != c)
        return false;
    scan->at++;
    return true;
}

bool query_scan_word(struct query_scan *scan, const char *word)
{
    size_t length = strlen(word);

    query_scan_space(scan);
    if (strncasecmp(scan->text + scan->at, word, length) != 0 ||
        query_scan_is_bare(scan->text[scan->at + length]))
        return false;
    scan->at += length;
    return true;
}

/* ---- what is wrong ------------------------------------------------------------------------ */

static size_t column_of(const struct query_scan *scan, size_t at)
{
    size_t column = 1;

    for (size_t i = 0; i < at && scan->text[i]; i++)
        column += (scan->text[i] & 0xc0) != 0x80;
    return column;
}

int query_scan_refuse(const struct query_scan *scan, size_t at, const char *format, ...)
{
    va_list args;

    scan->error->column = column_of(scan, at);
    va_start(args, format);
    (void)vsnprintf(scan->error->text, sizeof(scan->error->text), format, args);
    va_end(args);
    utf8_trim(scan->error->text);
    return QUERY_E_INVALID;
}

/* What stands there, for the message. */
static size_t length_found(const char *text)
{
    size_t length = 0;

    while (length < 40 && query_scan_is_bare(text[length]))
        length++;
    return length > 0 ? length : 1;
}

int query_scan_expect(const struct query_scan *scan, const char *expected)
{
    const char *found = scan->text + scan->at;

    if (!*found)
        return query_scan_refuse(scan, scan->at, "%s expected, but the query ends here", expected);
    return query_scan_refuse(scan, scan->at, "%s expected, not '%.*s'", expected,
                             (int)length_found(found), found);
}

/* ---- values ------------------------------------------------------------------------------- */

int query_scan_quoted(struct query_scan *scan, const char **ret_text)
{
    size_t start = scan->at;
    char quote = scan->text[scan->at++];
    char *text = arena_alloc(scan->arena, strlen(scan->text + start) + 1);
    size_t length = 0;

    while (scan->text[scan->at]) {
        char c = scan->text[scan->at++];

        if (c == quote && scan->text[scan->at] != quote) {
            *ret_text = text;
            return 0;
        }
        scan->at += c == quote;
        text[length++] = c;
    }
    return query_scan_refuse(scan, start, "this %c has no other that closes it", quote);
}

int query_scan_value(struct query_scan *scan, const char *expected, struct query_piece *ret_piece)
{
    size_t length = 0;
    char first;

    query_scan_space(scan);
    ret_piece->at = scan->at;
    first = scan->text[scan->at];
    ret_piece->quoted = first == '\'' || first == '"';
    if (ret_piece->quoted)
        return query_scan_quoted(scan, &ret_piece->text);
    while (query_scan_is_bare(scan->text[scan->at + length]))
        length++;
    if (length == 0)
        return query_scan_expect(scan, expected);
    if (query_scan_is_reserved(scan->text + scan->at, length))
        return query_scan_refuse(scan, scan->at, "%s expected; quote '%.*s' where it is one",
                                 expected, (int)length, scan->text + scan->at);
    ret_piece->text = arena_strndup(scan->arena, scan->text + scan->at, length);
    scan->at += length;
    return 0;
}

const char *query_scan_name(const struct query_scan *scan, size_t *ret_length)
{
    const char *name = scan->text + scan->at;
    size_t length = 0;

    while (isalnum((unsigned char)name[length]) || name[length] == '_')
        length++;
    *ret_length = length;
    return name;
}

int query_scan_key(struct query_scan *scan, bool (*is_bare)(char), const char *expected,
                   const char **ret_key)
{
    char first = scan->text[scan->at];
    size_t length = 0;

    if (first == '\'' || first == '"' || first == '`')
        return query_scan_quoted(scan, ret_key);
    while (is_bare(scan->text[scan->at + length]))
        length++;
    if (length == 0)
        return query_scan_expect(scan, expected);
    *ret_key = arena_strndup(scan->arena, scan->text + scan->at, length);
    scan->at += length;
    return 0;
}
