/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length in bytes (1 to 4) of the well-formed UTF-8 sequence at `bytes` (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF), or 0 where there is none in `size` bytes.
 */
size_t utf8_sequence(const unsigned char *bytes, size_t size);

/* Whether all of it is well-formed. */
bool utf8_valid(const char *bytes, size_t size);

/* Cuts text where it stops being well-formed, such as in the middle of its last character. */
void utf8_trim(char *text);

#endif
