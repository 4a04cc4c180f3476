/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* what log.h makes of them for the analyzer */
#undef log_fail
#undef log_fail_errno

#define LINE_BYTES_MAX 4096
#define CONTEXT_PAIRS 2
#define FRAME_BYTES 256 /* of a line, kept for names, quotes and brackets */

struct pair {
    const char *key;
    const char *value;
};

static _Atomic int log_level = LOG_INFO;
static _Atomic int log_format = LOG_TEXT;
static _Thread_local struct pair context[CONTEXT_PAIRS];

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int journal_priorities[] = {3, 4, 6, 7};

struct line {
    char bytes[LINE_BYTES_MAX];
    size_t size;
};

void log_configure(enum log_level level, enum log_format format)
{
    log_level = (int)level;
    log_format = (int)format;
}

bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_context(const char *key, const char *value)
{
    struct pair *free_pair = NULL;

    for (size_t i = 0; i < CONTEXT_PAIRS; i++) {
        if (context[i].key && strcmp(context[i].key, key) == 0) {
            context[i] = value ? (struct pair){key, value} : (struct pair){0};
            return;
        }
        if (!context[i].key && !free_pair)
            free_pair = &context[i];
    }
    if (free_pair && value)
        *free_pair = (struct pair){key, value};
}

/* The frame of a line: what we write ourselves, which is short and always fits. */
static void put_bytes(struct line *line, const void *bytes, size_t size)
{
    if (size >= LINE_BYTES_MAX - line->size)
        return;
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

/*
 * The length of the harmless character at cursor, or 0: not UTF-8, or a control character (C0,
 * DEL, and C1, which terminals obey as well).
 */
static size_t harmless(const unsigned char *cursor, size_t left)
{
    bool control = *cursor < 0x20 || *cursor == 0x7f;
    bool control_c1 = left > 1 && cursor[0] == 0xc2 && cursor[1] < 0xa0;

    return control || control_c1 ? 0 : utf8_sequence(cursor, left);
}

/*
 * Copies what is harmless, escapes the rest; `quoted` also escapes what JSON wants escaped. Cuts
 * the text where the line is full, between two characters.
 */
static void put_escaped(struct line *line, const char *text, bool quoted)
{
    const unsigned char *cursor = (const unsigned char *)text;
    size_t left = strlen(text);

    while (left > 0 && line->size < LINE_BYTES_MAX - FRAME_BYTES) {
        size_t length = harmless(cursor, left);
        char escape[8];

        if (length == 0) {
            (void)snprintf(escape, sizeof(escape), quoted ? "\\u%04x" : "\\x%02x", *cursor);
            put_text(line, escape);
            length = 1;
        } else {
            if (quoted && (*cursor == '"' || *cursor == '\\'))
                put_text(line, "\\");
            put_bytes(line, cursor, length);
        }
        cursor += length;
        left -= length;
    }
}

static void put_json_pair(struct line *line, const char *key, const char *value)
{
    put_text(line, line->size > 1 ? ",\"" : "\"");
    put_text(line, key);
    put_text(line, "\":\"");
    put_escaped(line, value, true);
    put_text(line, "\"");
}

static void format_json(struct line *line, enum log_level level, const char *message)
{
    char time[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(clock_wall_ms(clock_system()), time);
    put_text(line, "{");
    put_json_pair(line, "time", time);
    put_json_pair(line, "level", level_names[level]);
    for (size_t i = 0; i < CONTEXT_PAIRS; i++)
        if (context[i].key)
            put_json_pair(line, context[i].key, context[i].value);
    put_json_pair(line, "message", message);
    put_text(line, "}");
}

static void format_text(struct line *line, enum log_level level, const char *message)
{
    char prefix[48];

    if (getenv("JOURNAL_STREAM")) {
        (void)snprintf(prefix, sizeof(prefix), "<%d>", journal_priorities[level]);
    } else {
        char time[CLOCK_RFC3339_SIZE];

        clock_format_rfc3339(clock_wall_ms(clock_system()), time);
        (void)snprintf(prefix, sizeof(prefix), "%s %s ", time, level_names[level]);
    }
    put_text(line, prefix);
    for (size_t i = 0; i < CONTEXT_PAIRS; i++) {
        if (!context[i].key)
            continue;
        put_text(line, context[i].key);
        put_text(line, "=");
        put_escaped(line, context[i].value, false);
        put_text(line, " ");
    }
    put_escaped(line, message, false);
}

static void format_plain(struct line *line, const char *message)
{
    put_text(line, program_invocation_short_name);
    put_text(line, ": ");
    put_escaped(line, message, false);
}

static void write_line(enum log_level level, const char *message)
{
    struct line line = {.size = 0};
    ssize_t written;

    if (log_format == LOG_JSON)
        format_json(&line, level, message);
    else if (log_format == LOG_PLAIN)
        format_plain(&line, message);
    else
        format_text(&line, level, message);
    line.bytes[line.size++] = '\n';
    written = write(STDERR_FILENO, line.bytes, line.size);
    (void)written; /* there is nobody left to tell */
}

static void log_va(enum log_level level, const char *suffix, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

static void log_va(enum log_level level, const char *suffix, const char *format, va_list args)
{
    char message[LINE_BYTES_MAX];
    int length;

    if ((int)level > log_level)
        return;
    length = vsnprintf(message, sizeof(message), format, args);
    if (length < 0)
        return;
    if (suffix && (size_t)length < sizeof(message))
        (void)snprintf(message + length, sizeof(message) - (size_t)length, ": %s", suffix);
    write_line(level, message);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_va(level, NULL, format, args);
    va_end(args);
}

int log_fail(int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_va(LOG_ERROR, NULL, format, args);
    va_end(args);
    return err;
}

int log_fail_errno(const char *format, ...)
{
    int saved = errno;
    va_list args;

    va_start(args, format);
    log_va(LOG_ERROR, strerror(saved), format, args);
    va_end(args);
    return saved == ENOSPC || saved == EDQUOT ? ERR_NO_SPACE : ERR_INTERNAL;
}
