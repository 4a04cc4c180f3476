/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_CANON_H
#define TUF_CANON_H

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "json/fields.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Canonical JSON (OLPC, as TUF 1.0.33 uses it) and the strict parser in front of it.
 *
 * Canonical: no white space; members sorted by code point; integers only; in strings only '"' and
 * '\' are escaped, everything else is raw UTF-8 (a newline is the byte 0x0A). Hence the canonical
 * form is what is signed, but not always what a JSON parser reads.
 */

#define CANON_DEPTH_MAX 32

enum {
    CANON_E_SYNTAX = 1,    /* not JSON, or JSON that we refuse */
    CANON_E_TOO_LARGE = 2, /* longer than the ceiling */
};

/*
 * Parses one JSON value. Refused: more than ceiling bytes, bad UTF-8, repeated members, fractions
 * and exponents, integers beyond 64 bits, NUL in strings, nesting deeper than CANON_DEPTH_MAX,
 * anything behind the value.
 *
 * ret_value  a new reference
 * ret_error  where it returns positive: line, column and a sentence
 *
 * Returns 0, CANON_E_SYNTAX or CANON_E_TOO_LARGE.
 */
int canon_parse(const void *bytes, size_t size, size_t ceiling, json_t **ret_value,
                struct fields_error *ret_error) MUST_CHECK;

/*
 * Appends the canonical form of value. Returns 0, or negative (logged) where value holds what has
 * none (a fraction, nesting beyond CANON_DEPTH_MAX) or the buffer's ceiling is reached: what
 * canon_parse gave always succeeds in a buffer of twice its ceiling.
 */
int canon_encode(const json_t *value, struct buffer *buffer) MUST_CHECK;

/* SHA-256 of the canonical form. Fails as canon_encode does, and beyond 16 MiB. */
int canon_digest(const json_t *value, uint8_t ret_digest[static DIGEST_SHA256_SIZE]) MUST_CHECK;

#endif
