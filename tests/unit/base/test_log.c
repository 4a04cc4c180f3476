/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "suite.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CAPTURED_MAX 65536

/* Standard error goes to a pipe; each test is a process of its own, so it stays there. */
static int capture(void)
{
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(pipes[1]);
    (void)unsetenv("JOURNAL_STREAM");
    return pipes[0];
}

/* What was written until now; there must be something. */
static char *captured(int fd)
{
    char *text = calloc(1, CAPTURED_MAX);

    ck_assert_int_gt(read(fd, text, CAPTURED_MAX - 1), 0);
    return text;
}

/* The line without its time, which is there. */
static const char *without_time(const char *line)
{
    ck_assert_uint_gt(strlen(line), 25);
    ck_assert_int_eq(line[23], 'Z');
    ck_assert_int_eq(line[24], ' ');
    return line + 25;
}

START_TEST(writes_time_level_and_context)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;

    log_context("listener", "api");
    log_context("request", "01J9");
    log_line(LOG_WARN, "cannot open '%s'", "x");
    text = captured(fd);
    ck_assert_str_eq(without_time(text), "warn listener=api request=01J9 cannot open 'x'\n");
}
END_TEST

START_TEST(context_can_be_changed_and_unset)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;

    log_context("request", "1");
    log_context("request", "2");
    log_context("other", "x");
    log_context("other", NULL);
    log_context("never set", NULL);
    log_line(LOG_INFO, "m");
    text = captured(fd);
    ck_assert_str_eq(without_time(text), "info request=2 m\n");
}
END_TEST

START_TEST(leaves_out_what_is_below_its_level)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;

    log_line(LOG_DEBUG, "not this");
    log_configure(LOG_ERROR, LOG_TEXT);
    log_line(LOG_WARN, "nor this");
    log_configure(LOG_DEBUG, LOG_TEXT);
    log_line(LOG_DEBUG, "this");
    text = captured(fd);
    ck_assert_str_eq(without_time(text), "debug this\n");
}
END_TEST

static const struct {
    const char *message;
    const char *escaped;
} escapes[] = {
    {"a\nb\r\t",                 "a\\x0ab\\x0d\\x09"       },
    {"\x1b[31mred",              "\\x1b[31mred"            },
    {"\x7f",                     "\\x7f"                   },
    {"\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80"},
    {"\xff\xc3",                 "\\xff\\xc3"              },
    {"\xc2\x9b"
     "31m",                 "\\xc2\\x9b31m"           }, /* C1: a terminal's CSI in one character */
    {"\xed\xa0\x80",             "\\xed\\xa0\\x80"         },
};

START_TEST(no_message_forges_a_line)
{
    AUTO_CLOSE int fd = capture();

    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        AUTO_FREE char *text = NULL;
        char expected[128];

        log_line(LOG_INFO, "%s", escapes[i].message);
        text = captured(fd);
        (void)snprintf(expected, sizeof(expected), "info %s\n", escapes[i].escaped);
        ck_assert_str_eq(without_time(text), expected);
    }
}
END_TEST

START_TEST(no_context_forges_a_line)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;

    log_context("peer", "x\nerror");
    log_line(LOG_INFO, "m");
    text = captured(fd);
    ck_assert_str_eq(without_time(text), "info peer=x\\x0aerror m\n");
}
END_TEST

START_TEST(json_lines_are_json_whatever_is_in_them)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;
    json_auto_t *line = NULL;

    log_configure(LOG_INFO, LOG_JSON);
    log_context("request", "a\"b");
    log_line(LOG_ERROR, "q\" b\\ n\n \x01 \xc3\xa4 \xff");
    text = captured(fd);
    ck_assert_uint_eq(strcspn(text, "\n"), strlen(text) - 1);
    line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(line != NULL, "%s", text);
    ck_assert_str_eq(json_string_value(json_object_get(line, "level")), "error");
    ck_assert_str_eq(json_string_value(json_object_get(line, "request")), "a\"b");
    ck_assert_str_eq(json_string_value(json_object_get(line, "message")),
                     "q\" b\\ n\n \x01 \xc3\xa4 \xc3\xbf");
    ck_assert_ptr_nonnull(json_object_get(line, "time"));
}
END_TEST

/* At every length around the limit, with characters and escapes of every size at the cut. */
START_TEST(long_lines_are_cut_whole)
{
    static const char *const fillers[] = {"x", "\xc3\xa4", "\xf0\x9f\x98\x80", "\"", "\n", "\xff"};
    AUTO_CLOSE int fd = capture();
    static char message[8192];

    log_configure(LOG_INFO, LOG_JSON);
    for (size_t shift = 0; shift < 12; shift++) {
        for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
            AUTO_FREE char *text = NULL;
            json_auto_t *line = NULL;
            size_t used = shift;

            memset(message, 'x', shift);
            while (used + 5 < sizeof(message)) {
                memcpy(message + used, fillers[i], strlen(fillers[i]));
                used += strlen(fillers[i]);
            }
            message[used] = '\0';
            log_line(LOG_INFO, "%s", message);
            text = captured(fd);
            ck_assert_uint_le(strlen(text), 4096);
            ck_assert(utf8_valid(text, strlen(text)));
            line = json_loads(text, 0, NULL);
            ck_assert_msg(line != NULL, "%s", text);
            ck_assert_ptr_nonnull(json_object_get(line, "message"));
        }
    }
}
END_TEST

START_TEST(long_context_leaves_room_for_the_rest)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;
    json_auto_t *line = NULL;
    static char value[8192];

    memset(value, '"', sizeof(value) - 1);
    log_configure(LOG_INFO, LOG_JSON);
    log_context("a", value);
    log_context("b", value);
    log_line(LOG_INFO, "%s", "m");
    text = captured(fd);
    line = json_loads(text, 0, NULL);
    ck_assert_msg(line != NULL, "%s", text);
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;

    ck_assert_int_eq(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    log_line(LOG_WARN, "m");
    text = captured(fd);
    ck_assert_str_eq(text, "<4>m\n");
}
END_TEST

START_TEST(plain_lines_name_the_program)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;
    char expected[128];

    log_configure(LOG_INFO, LOG_PLAIN);
    log_line(LOG_ERROR, "m\n");
    text = captured(fd);
    (void)snprintf(expected, sizeof(expected), "%s: m\\x0a\n", program_invocation_short_name);
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(failures_say_why_and_keep_their_class)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *first = NULL;
    AUTO_FREE char *second = NULL;

    ck_assert_int_eq(log_fail(ERR_UNAVAILABLE, "cannot %s", "connect"), ERR_UNAVAILABLE);
    first = captured(fd);
    ck_assert_str_eq(without_time(first), "error cannot connect\n");
    errno = ENOENT;
    ck_assert_int_eq(log_fail_errno("cannot open '%s'", "x"), ERR_INTERNAL);
    second = captured(fd);
    ck_assert_str_eq(without_time(second), "error cannot open 'x': No such file or directory\n");
    errno = ENOSPC;
    ck_assert_int_eq(log_fail_errno("m"), ERR_NO_SPACE);
    errno = EDQUOT;
    ck_assert_int_eq(log_fail_errno("m"), ERR_NO_SPACE);
}
END_TEST

START_TEST(parses_levels)
{
    enum log_level level = LOG_WARN;

    ck_assert(log_level_parse("debug", &level));
    ck_assert_int_eq(level, LOG_DEBUG);
    ck_assert(!log_level_parse("DEBUG", &level));
    ck_assert(!log_level_parse("", &level));
    ck_assert_int_eq(level, LOG_DEBUG);
}
END_TEST

static void *log_with_context(void *value)
{
    log_context("thread", value);
    for (int i = 0; i < 50; i++)
        log_line(LOG_INFO, "m");
    return NULL;
}

START_TEST(threads_keep_their_lines_and_contexts_apart)
{
    AUTO_CLOSE int fd = capture();
    AUTO_FREE char *text = NULL;
    pthread_t threads[4];
    char names[4][2] = {"a", "b", "c", "d"};
    int lines = 0;

    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_with_context, names[i]), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    text = captured(fd);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        const char *rest = without_time(line);

        ck_assert_int_eq(strncmp(rest, "info thread=", 12), 0);
        ck_assert_str_eq(rest + 13, " m");
        lines++;
    }
    ck_assert_int_eq(lines, 200);
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/log", writes_time_level_and_context, context_can_be_changed_and_unset,
                     leaves_out_what_is_below_its_level, no_message_forges_a_line,
                     no_context_forges_a_line, json_lines_are_json_whatever_is_in_them,
                     long_lines_are_cut_whole, long_context_leaves_room_for_the_rest,
                     the_journal_gets_priorities, plain_lines_name_the_program,
                     failures_say_why_and_keep_their_class, parses_levels,
                     threads_keep_their_lines_and_contexts_apart);
}
