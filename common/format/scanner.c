/* SPDX-License-Identifier: Apache-2.0 */
#include "format/scanner.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

void scanner_init(struct scanner *scanner, struct view *view, uint64_t start, uint64_t end)
{
    scanner->view = view;
    scanner->at = start;
    scanner->end = end;
    scanner->token_at = start;
    scanner->text_size = 0;
    scanner->text_cut = false;
    scanner->piece_size = 0;
}

int scanner_refuse(const struct scanner *scanner, const char *what)
{
    return fault_set(scanner->view->fault, FAULT_E_DAMAGED, scanner->token_at,
                     "%s is expected at byte %" PRIu64, what, scanner->token_at);
}

/* Brings the piece of the file that begins at `at`. */
static int bring(struct scanner *scanner)
{
    uint64_t left = scanner->end - scanner->at;
    size_t size = left < SCANNER_PIECE_BYTES ? (size_t)left : SCANNER_PIECE_BYTES;
    int r;

    r = view_read(scanner->view, scanner->at, scanner->piece, size, "the header");
    if (r)
        return r;
    scanner->piece_at = scanner->at;
    scanner->piece_size = size;
    return 0;
}

/* The next byte; -1 at the end. */
static int peek(struct scanner *scanner, int *ret_byte)
{
    int r;

    *ret_byte = -1;
    if (scanner->at >= scanner->end)
        return 0;
    if (scanner->piece_size == 0 || scanner->at < scanner->piece_at ||
        scanner->at - scanner->piece_at >= scanner->piece_size) {
        r = bring(scanner);
        if (r)
            return r;
    }
    *ret_byte = scanner->piece[scanner->at - scanner->piece_at];
    return 0;
}

/* ---- strings ------------------------------------------------------------------------------ */

static void append(struct scanner *scanner, const char *bytes, size_t size)
{
    if (scanner->text_cut || size > SCANNER_TEXT_MAX - scanner->text_size) {
        scanner->text_cut = true;
        return;
    }
    memcpy(scanner->text + scanner->text_size, bytes, size);
    scanner->text_size += size;
}

static void append_code_point(struct scanner *scanner, uint32_t c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = size; i > 1; i--) {
        bytes[i - 1] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    bytes[0] = (char)(first[size] | c);
    append(scanner, bytes, size);
}

static int hex4(struct scanner *scanner, uint32_t *ret_value)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t value = 0;
    int byte;
    int r;

    for (unsigned i = 0; i < 4; i++) {
        const char *digit;

        r = peek(scanner, &byte);
        if (r)
            return r;
        digit = byte > 0 ? strchr(digits, byte | 0x20) : NULL;
        if (!digit || byte < '0')
            return scanner_refuse(scanner, "a string with whole escapes");
        value = value << 4 | (uint32_t)(digit - digits);
        scanner->at++;
    }
    *ret_value = value;
    return 0;
}

/* Behind "\u". */
static int unicode_escape(struct scanner *scanner)
{
    uint32_t high;
    uint32_t low;
    bool paired;
    int r;

    r = hex4(scanner, &high);
    if (r)
        return r;
    if (high == 0)
        return scanner_refuse(scanner, "a string without NUL");
    if (high < 0xd800 || high > 0xdfff) {
        append_code_point(scanner, high);
        return 0;
    }
    r = view_starts(scanner->view, scanner->at, "\\u", 2, &paired);
    if (r)
        return r;
    if (high > 0xdbff || !paired)
        return scanner_refuse(scanner, "a string without halves of characters");
    scanner->at += 2;
    r = hex4(scanner, &low);
    if (r)
        return r;
    if (low < 0xdc00 || low > 0xdfff)
        return scanner_refuse(scanner, "a string without halves of characters");
    append_code_point(scanner, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    return 0;
}

/* Behind the backslash. */
static int escape(struct scanner *scanner)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    int byte;
    int r;

    r = peek(scanner, &byte);
    if (r)
        return r;
    scanner->at++;
    if (byte == 'u')
        return unicode_escape(scanner);
    found = byte > 0 ? strchr(from, byte) : NULL;
    if (!found)
        return scanner_refuse(scanner, "a string with known escapes");
    append(scanner, &to[found - from], 1);
    return 0;
}

static int read_string(struct scanner *scanner)
{
    scanner->at++;
    scanner->text_size = 0;
    scanner->text_cut = false;
    for (;;) {
        char c;
        int byte;
        int r;

        r = peek(scanner, &byte);
        if (r)
            return r;
        if (byte < 0x20)
            return scanner_refuse(scanner, "a string that ends");
        scanner->at++;
        if (byte == '"')
            break;
        c = (char)byte;
        if (byte == '\\')
            r = escape(scanner);
        else
            append(scanner, &c, 1);
        if (r)
            return r;
    }
    scanner->text[scanner->text_size] = '\0';
    if (!scanner->text_cut && !utf8_valid(scanner->text, scanner->text_size))
        return scanner_refuse(scanner, "a string of UTF-8");
    return 0;
}

/* ---- numbers and words -------------------------------------------------------------------- */

/* A number, or true, false, null. */
static int read_word(struct scanner *scanner, enum scanner_token *ret_token)
{
    static const char *const words[] = {"true", "false", "null"};
    char word[32] = "";
    size_t size = 0;
    uint64_t value = 0;
    bool whole = true;
    int byte;
    int r;

    for (;;) {
        r = peek(scanner, &byte);
        if (r)
            return r;
        if (byte <= 0 || !strchr("0123456789+-.eEtrufalsn", byte))
            break;
        if (size == sizeof(word) - 1)
            return scanner_refuse(scanner, "a shorter number");
        word[size++] = (char)byte;
        scanner->at++;
    }
    for (size_t i = 0; i < size; i++)
        whole = whole && word[i] >= '0' && word[i] <= '9' &&
                !__builtin_mul_overflow(value, UINT64_C(10), &value) &&
                !__builtin_add_overflow(value, (uint64_t)(word[i] - '0'), &value);
    *ret_token = SCANNER_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(word, words[i]) == 0)
            return 0;
    }
    if (size == 0 || !((word[0] >= '0' && word[0] <= '9') || word[0] == '-') ||
        (whole && size > 1 && word[0] == '0'))
        return scanner_refuse(scanner, "a value of JSON");
    if (whole && value <= INT64_MAX) {
        scanner->number = value;
        *ret_token = SCANNER_NUMBER;
    }
    return 0;
}

/* ---- tokens ------------------------------------------------------------------------------- */

static int skip_blanks(struct scanner *scanner, int *ret_byte)
{
    int r;

    for (;;) {
        r = peek(scanner, ret_byte);
        if (r || *ret_byte <= 0 || !strchr(" \t\r\n", *ret_byte))
            return r;
        scanner->at++;
    }
}

int scanner_next(struct scanner *scanner, enum scanner_token *ret_token)
{
    static const char marks[] = "{}[]:,";
    const char *mark;
    int byte;
    int r;

    r = view_step(scanner->view, scanner->at);
    if (!r)
        r = skip_blanks(scanner, &byte);
    if (r)
        return r;
    scanner->token_at = scanner->at;
    if (byte < 0) {
        *ret_token = SCANNER_END;
        return 0;
    }
    mark = byte > 0 ? strchr(marks, byte) : NULL;
    if (mark) {
        scanner->at++;
        *ret_token = (enum scanner_token)(SCANNER_OBJECT + (int)(mark - marks));
        return 0;
    }
    if (byte != '"')
        return read_word(scanner, ret_token);
    *ret_token = SCANNER_STRING;
    return read_string(scanner);
}

int scanner_want(struct scanner *scanner, enum scanner_token token, const char *what)
{
    enum scanner_token found;
    int r;

    r = scanner_next(scanner, &found);
    if (r)
        return r;
    return found == token ? 0 : scanner_refuse(scanner, what);
}

int scanner_member(struct scanner *scanner, enum scanner_token closing, bool *first, bool *ret_more,
                   enum scanner_token *ret_token)
{
    enum scanner_token token;
    int r;

    r = scanner_next(scanner, &token);
    if (r)
        return r;
    *ret_more = token != closing;
    if (!*ret_more)
        return 0;
    if (!*first) {
        if (token != SCANNER_COMMA)
            return scanner_refuse(scanner, "a comma");
        r = scanner_next(scanner, &token);
        if (r)
            return r;
    }
    *first = false;
    if (closing == SCANNER_OBJECT_END && token != SCANNER_STRING)
        return scanner_refuse(scanner, "the name of a member");
    *ret_token = token;
    return 0;
}

static int skip_value(struct scanner *scanner, enum scanner_token token, unsigned depth)
{
    enum scanner_token closing = token == SCANNER_OBJECT ? SCANNER_OBJECT_END : SCANNER_ARRAY_END;
    bool first = true;
    bool more;
    int r;

    if (token == SCANNER_STRING || token == SCANNER_NUMBER || token == SCANNER_OTHER)
        return 0;
    if (token != SCANNER_OBJECT && token != SCANNER_ARRAY)
        return scanner_refuse(scanner, "a value");
    if (depth == SCANNER_DEPTH_MAX)
        return scanner_refuse(scanner, "JSON with fewer levels");
    for (;;) {
        r = scanner_member(scanner, closing, &first, &more, &token);
        if (r || !more)
            return r;
        if (closing == SCANNER_OBJECT_END) {
            r = scanner_want(scanner, SCANNER_COLON, "a colon");
            if (!r)
                r = scanner_next(scanner, &token);
        }
        if (!r)
            r = skip_value(scanner, token, depth + 1);
        if (r)
            return r;
    }
}

int scanner_skip(struct scanner *scanner, enum scanner_token token)
{
    return skip_value(scanner, token, 0);
}
