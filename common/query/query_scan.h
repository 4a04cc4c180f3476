/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_QUERY_SCAN_H
#define QUERY_QUERY_SCAN_H

#include "base/arena.h"
#include "query/query.h"

#include <stdbool.h>
#include <stddef.h>

/* The text of a query, piece by piece. */
struct query_scan {
    const char *text;
    size_t at;
    struct arena *arena;
    struct query_error *error;
};

/* A value as it is written. */
struct query_piece {
    const char *text;
    size_t at; /* where it starts */
    bool quoted;
};

/* Characters of a value that needs no quotes. */
bool query_scan_is_bare(char c);
/* Of a key that needs none. */
bool query_scan_is_key(char c);
/* Whether a text is taken as another value, or none, without quotes. */
bool query_scan_needs_quotes(const char *text);
/* A word of the grammar, such as "and", in either case. */
bool query_scan_is_reserved(const char *word, size_t length);

void query_scan_space(struct query_scan *scan);
bool query_scan_at_end(struct query_scan *scan);

/* Behind white space: takes the character, or the word, if it is there. */
bool query_scan_take(struct query_scan *scan, char c);
bool query_scan_word(struct query_scan *scan, const char *word);

/* Report that `expected` is missing where the scan is, or at a place. Return QUERY_E_INVALID. */
int query_scan_expect(const struct query_scan *scan, const char *expected);
int query_scan_refuse(const struct query_scan *scan, size_t at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* At a quote: what is between it and the next, where two stand for one. */
int query_scan_quoted(struct query_scan *scan, const char **ret_text) MUST_CHECK;

/* Behind white space: a value, quoted or bare; expected says which, for the error. */
int query_scan_value(struct query_scan *scan, const char *expected,
                     struct query_piece *ret_piece) MUST_CHECK;

/* Here: a name of a field, as long as *ret_length; 0: none. */
const char *query_scan_name(const struct query_scan *scan, size_t *ret_length);

/* Here: a key or a dataset, quoted or bare. */
int query_scan_key(struct query_scan *scan, bool (*is_bare)(char), const char *expected,
                   const char **ret_key) MUST_CHECK;

#endif
