/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_DECODE_H
#define HTTP_DECODE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Percent-encoding (RFC 3986, 2.1), strictly: what is decoded is valid UTF-8 and holds no control
 * characters (U+0000 to U+001F, U+007F). */

struct decode_pair {
    const char *name;
    const char *value;
    struct decode_pair *next;
};

/* Decodes length bytes into the arena; plus_is_space as in queries. NULL where they are malformed.
 */
const char *decode_percent(struct arena *arena, const char *text, size_t length,
                           bool plus_is_space);

/* Whether text would decode, without doing it. */
bool decode_valid(const char *text);

#define DECODE_PAIRS_MAX 32

/*
 * "a=1&b=2" into pairs, in the arena. Returns NULL and, in *ret_pairs, the list (NULL where the
 * query is empty); or what is wrong with it: malformed encoding, an argument given twice, too many.
 */
const char *decode_query(struct arena *arena, const char *query, struct decode_pair **ret_pairs);

/* The value of name, or NULL. */
const char *decode_find(const struct decode_pair *pairs, const char *name);

#endif
