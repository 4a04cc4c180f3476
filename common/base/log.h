/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>

/*
 * One line a message on standard error, either
 *
 *     2026-01-02T03:04:05.678Z warn listener=api request=01J9... cannot open 'x': no such file
 *
 * or, with LOG_JSON, one JSON object a line ({"time","level","message", and the context's pairs}).
 * Under systemd (JOURNAL_STREAM set) the text form has a <N> priority prefix and no time. LOG_PLAIN
 * is for tools that people type: "modelferry: cannot open 'x': no such file".
 *
 * Control characters and bytes that are not UTF-8 are escaped, so that nothing a peer sends can
 * forge a line. Lines are cut at 4 KiB. Never pass secrets.
 *
 * Thread-safe; a line is one write(2).
 */
enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

enum log_format {
    LOG_TEXT,
    LOG_JSON,
    LOG_PLAIN,
};

/* Both may change while running (SIGHUP). The defaults are LOG_INFO and LOG_TEXT. */
void log_configure(enum log_level level, enum log_format format);

/* Parses "error", "warn", "info" or "debug". Returns false, and leaves ret_level, otherwise. */
bool log_level_parse(const char *text, enum log_level *ret_level);

/*
 * Adds a key=value pair to every line that this thread logs until it is unset. Two pairs a thread;
 * neither string is copied. A NULL value unsets.
 */
void log_context(const char *key, const char *value);

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Logs at LOG_ERROR and returns `err`, so that the origin of an error is one statement:
 *
 *     return log_fail(ERR_INTERNAL, "cannot open '%s': %s", path, strerror(errno));
 */
int log_fail(int err, const char *format, ...) PRINTF_LIKE(2, 3);

/* As log_fail, with ": <strerror(errno)>" appended; ENOSPC and EDQUOT become ERR_NO_SPACE. */
int log_fail_errno(const char *format, ...) PRINTF_LIKE(1, 2);

#ifdef __clang_analyzer__
/* clang-tidy sees one file at a time: tell it that what was logged is never 0. */
static inline int log_negative(int err)
{
    if (err >= 0)
        __builtin_unreachable();
    return err;
}
#define log_fail(...) log_negative(log_fail(__VA_ARGS__))
#define log_fail_errno(...) log_negative(log_fail_errno(__VA_ARGS__))
#endif

#endif
