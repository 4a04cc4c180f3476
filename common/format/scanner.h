/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_SCANNER_H
#define FORMAT_SCANNER_H

#include "format/view.h"

#include <stddef.h>
#include <stdint.h>

/*
 * JSON (RFC 8259) in a file, a token at a time and in constant memory: for headers that may have
 * 100 MB. The grammar is the caller's: it says what it expects next.
 *
 * Outcomes are those of format/fault.h.
 */
#define SCANNER_TEXT_MAX 1024
#define SCANNER_DEPTH_MAX 8
#define SCANNER_PIECE_BYTES 4096

enum scanner_token {
    SCANNER_END,    /* of the stretch that is read */
    SCANNER_OBJECT, /* { */
    SCANNER_OBJECT_END,
    SCANNER_ARRAY, /* [ */
    SCANNER_ARRAY_END,
    SCANNER_COLON,
    SCANNER_COMMA,
    SCANNER_STRING,
    SCANNER_NUMBER, /* a whole one from 0 to 2^63 - 1 */
    SCANNER_OTHER,  /* any other number, true, false, null */
};

struct scanner {
    struct view *view;
    uint64_t at;
    uint64_t end;
    uint64_t token_at;               /* where the last token began */
    char text[SCANNER_TEXT_MAX + 1]; /* of a string, unescaped, its first bytes */
    size_t text_size;
    bool text_cut; /* it has more */
    uint64_t number;
    uint8_t piece[SCANNER_PIECE_BYTES]; /* of the file, from piece_at on */
    uint64_t piece_at;
    size_t piece_size;
};

/* From offset start to end, which is within the file. */
void scanner_init(struct scanner *scanner, struct view *view, uint64_t start, uint64_t end);

int scanner_next(struct scanner *scanner, enum scanner_token *ret_token) MUST_CHECK;

/* The next token, which must be this one. `what` names it: "a comma". */
int scanner_want(struct scanner *scanner, enum scanner_token token, const char *what) MUST_CHECK;

/* Passes over the value that begins with this token. */
int scanner_skip(struct scanner *scanner, enum scanner_token token) MUST_CHECK;

/*
 * Whether an object or array goes on: call it with *first true before the first member, and again
 * before each other one.
 *
 * ret_token  where it goes on, the first token of the member
 */
int scanner_member(struct scanner *scanner, enum scanner_token closing, bool *first, bool *ret_more,
                   enum scanner_token *ret_token) MUST_CHECK;

/* What is there is not what should be there. */
int scanner_refuse(const struct scanner *scanner, const char *what);

#endif
