/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "base/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct values {
    const char *url;
    int64_t threads;
    int64_t memory;
    int64_t timeout;
    int64_t level;
    bool verbose;
    bool json;
    struct options_list tags;
};

static const char *const levels[] = {"low", "high", NULL};

static const struct option_entry table[] = {
    {"database",                      "url", OPTION_TEXT, offsetof(struct values, url), NULL,
     OPTION_SECRET | OPTION_REQUIRED, 0, 0, NULL, 0, NULL, "Where it is."},
    {"server",                    "io_threads", OPTION_INTEGER, offsetof(struct values, threads), "2", 0, 1, 64, NULL,
     0, NULL, "How many."},
    {"server",                           "memory", OPTION_SIZE, offsetof(struct values, memory), "64 KiB", 0, 512, 1 << 20,
     NULL, 0, NULL, "How much."},
    {"server", "timeout", OPTION_DURATION, offsetof(struct values, timeout), "30s",
     OPTION_RELOADABLE, 0, 3600000, NULL, 0, NULL, "How long."},
    {"server",                              "level", OPTION_CHOICE, offsetof(struct values, level), "low", 0, 0, 0, levels, 0,
     NULL, "Which."},
    {"server",                              "verbose", OPTION_BOOL, offsetof(struct values, verbose), "false", 0, 0, 0, NULL,
     'v', NULL, "Whether."},
    {NULL,                 "json", OPTION_BOOL, offsetof(struct values, json), NULL, 0, 0, 0, NULL, 'j', NULL,
     "As JSON."},
    {NULL,                        "tag", OPTION_LIST, offsetof(struct values, tags), NULL, 0, 0, 0, NULL, 't', "K=V",
     "A tag."},
    {NULL                },
};

static struct arena arena;
static struct values values;
static struct options_target target;
static const char *error;

static void set_up(void)
{
    arena = (struct arena){0};
    target = (struct options_target){table, &values, &arena};
    error = NULL;
    options_defaults(&target);
}

static void tear_down(void)
{
    arena_release(&arena);
}

static int parse(const char *text)
{
    return options_parse(&target, "a.conf", text, &error);
}

static int arguments(int *ret_operands, int argc, const char **argv)
{
    return options_arguments(&target, argc, (char **)(uintptr_t)argv, ret_operands, &error);
}

#define ARGUMENTS(operands, ...)                                                                   \
    arguments((operands), (int)ARRAY_LEN(((const char *[]){__VA_ARGS__})),                         \
              (const char *[]){__VA_ARGS__})

#define ARGV(...)                                                                                  \
    (char **)(uintptr_t)(const char *[])                                                           \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

START_TEST(defaults_are_filled_in)
{
    ck_assert_ptr_null(values.url);
    ck_assert_int_eq(values.threads, 2);
    ck_assert_int_eq(values.memory, 65536);
    ck_assert_int_eq(values.timeout, 30000);
    ck_assert_int_eq(values.level, 0);
    ck_assert(!values.verbose);
}
END_TEST

START_TEST(a_file_overrides_defaults)
{
    ck_assert_int_eq(parse("# comment\n; another\n\n[database]\n  url = a b  \r\n"
                           "[server]\nio_threads=4\nmemory = 1MiB\ntimeout = 5m\n"
                           "level = high\nverbose = yes\n"),
                     0);
    ck_assert_str_eq(values.url, "a b");
    ck_assert_int_eq(values.threads, 4);
    ck_assert_int_eq(values.memory, 1 << 20);
    ck_assert_int_eq(values.timeout, 300000);
    ck_assert_int_eq(values.level, 1);
    ck_assert(values.verbose);
}
END_TEST

START_TEST(quotes_keep_spaces)
{
    ck_assert_int_eq(parse("[database]\nurl = \"  x \"\n"), 0);
    ck_assert_str_eq(values.url, "  x ");
}
END_TEST

START_TEST(mistakes_name_file_line_and_what_is_right)
{
    static const struct {
        const char *text;
        const char *error;
    } mistakes[] = {
        {"[servr]\n",                                  "a.conf:1: unknown section [servr]; did you mean 'server'?"              },
        {"[server]\nio_thread = 1\n",
         "a.conf:2: unknown key 'io_thread' in [server]; did you mean 'io_threads'?"                                            },
        {"[server]\nio_threads = 0\n",
         "a.conf:2: server.io_threads: invalid value '0', expected a number, from 1 to 64"                                      },
        {"[server]\nio_threads = 9x\n",
         "a.conf:2: server.io_threads: invalid value '9x', expected a number, from 1 to 64"                                     },
        {"[server]\nlevel = middle\n",
         "a.conf:2: server.level: invalid value 'middle', expected one of low, high"                                            },
        {"[server]\n\ntimeout = 5\n",                  "a.conf:3: server.timeout: invalid value '5', expected a "
                                      "duration such as 500ms, 30s, 5m or 2h, from 0 to 1h"},
        {"[server]\nverbose = maybe\n",
         "a.conf:2: server.verbose: invalid value 'maybe', expected true or false"                                              },
        {"[server]\nmemory = 1 KB\n",                  "a.conf:2: server.memory: invalid value '1 KB', expected a "
                                      "size such as 512 or 64 KiB, from 512 to 1 MiB"      },
        {"[server]\nio_threads = 2\nio_threads = 3\n",
         "a.conf:3: 'io_threads' was set in line 2 already"                                                                     },
        {"io_threads = 2\n",                           "a.conf:1: 'io_threads' stands before any [section]"                     },
        {"[server\n",                                  "a.conf:1: a section is written [name]"                                  },
        {"[server]\nnonsense\n",                       "a.conf:2: expected 'key = value' or '[section]'"                        },
        {"[server]\nmemory = 99999999999999999999\n",
         "a.conf:2: server.memory: invalid value '99999999999999999999', expected a size such as "
         "512 or 64 KiB, from 512 to 1 MiB"                                                                                     },
    };

    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        ck_assert_int_eq(parse(mistakes[i].text), OPTIONS_E_INVALID);
        ck_assert_str_eq(error, mistakes[i].error);
    }
}
END_TEST

START_TEST(a_missing_file_is_an_outcome_of_its_own)
{
    ck_assert_int_eq(options_file(&target, "/nonexistent/x.conf", &error), OPTIONS_E_MISSING);
    ck_assert_str_eq(error, "cannot open '/nonexistent/x.conf': no such file");
}
END_TEST

START_TEST(the_environment_overrides_the_file)
{
    ck_assert_int_eq(parse("[server]\nio_threads = 4\n"), 0);
    ck_assert_int_eq(setenv("TOY_SERVER_IO_THREADS", "5", 1), 0);
    ck_assert_int_eq(options_environment(&target, "TOY_", NULL, &error), 0);
    ck_assert_int_eq(values.threads, 5);
}
END_TEST

START_TEST(unknown_variables_of_our_sections_are_refused)
{
    ck_assert_int_eq(setenv("TOY_OTHER_PROGRAM", "1", 1), 0);
    ck_assert_int_eq(options_environment(&target, "TOY_", NULL, &error), 0);
    ck_assert_int_eq(setenv("TOY_SERVER_THREADS", "1", 1), 0);
    ck_assert_int_eq(options_environment(&target, "TOY_", NULL, &error), OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "unknown environment variable TOY_SERVER_THREADS; did you mean "
                            "'TOY_SERVER_IO_THREADS'?");
    ck_assert_int_eq(options_environment(&target, "TOY_",
                                         (const char *const[]){"TOY_SERVER_THREADS", NULL}, &error),
                     0);
}
END_TEST

START_TEST(secrets_may_be_in_a_file_of_their_own)
{
    char path[] = "/tmp/test-options-XXXXXX";
    AUTO_CLOSE int fd = mkstemp(path);

    ck_assert_int_eq(write(fd, "s3cret\n", 7), 7);
    ck_assert_int_eq(setenv("TOY_DATABASE_URL_FILE", path, 1), 0);
    ck_assert_int_eq(options_environment(&target, "TOY_", NULL, &error), 0);
    ck_assert_str_eq(values.url, "s3cret");
    (void)unlink(path);
    ck_assert_int_eq(options_environment(&target, "TOY_", NULL, &error), OPTIONS_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error, "TOY_DATABASE_URL_FILE: cannot read"));
}
END_TEST

START_TEST(flags_override_everything_and_leave_operands)
{
    const char *argv[] = {"make",  "--server-io-threads=7", "a",  "-vj", "--tag", "x=1",
                          "-ty=2", "--no-server-verbose",   "--", "--b"};
    int operands;

    ck_assert_int_eq(arguments(&operands, (int)ARRAY_LEN(argv), argv), 0);
    ck_assert_int_eq(operands, 3);
    ck_assert_str_eq(argv[0], "make");
    ck_assert_str_eq(argv[1], "a");
    ck_assert_str_eq(argv[2], "--b");
    ck_assert_int_eq(values.threads, 7);
    ck_assert(!values.verbose);
    ck_assert(values.json);
    ck_assert_uint_eq(values.tags.count, 2);
    ck_assert_str_eq(values.tags.texts[1], "y=2");
}
END_TEST

START_TEST(wrong_flags_say_what_is_right)
{
    int operands;

    ck_assert_int_eq(ARGUMENTS(&operands, "--jsn"), OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "unknown option '--jsn'; did you mean '--json'?");
    ck_assert_int_eq(ARGUMENTS(&operands, "-x"), OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "unknown option '-x'");
    ck_assert_int_eq(ARGUMENTS(&operands, "--tag"), OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "--tag needs a value: a text");
    ck_assert_int_eq(ARGUMENTS(&operands, "--server-io-threads", "0"), OPTIONS_E_INVALID);
    ck_assert_str_eq(error,
                     "--server-io-threads: invalid value '0', expected a number, from 1 to 64");
}
END_TEST

START_TEST(secrets_are_neither_flags_nor_shown)
{
    int operands;

    ck_assert_int_eq(ARGUMENTS(&operands, "--database-url=s3cret"), OPTIONS_E_INVALID);
    ck_assert_ptr_null(strstr(error, "s3cret"));
    ck_assert_int_eq(parse("[database]\nurl = s3cret\n"), 0);
    ck_assert_str_eq(options_show(&target, &table[0]), "(secret)");
}
END_TEST

START_TEST(what_is_required_is_asked_for)
{
    ck_assert_int_eq(options_check(&target, &error), OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "'url' in [database] is not set (--database-url)");
    ck_assert_int_eq(parse("[database]\nurl = x\n"), 0);
    ck_assert_int_eq(options_check(&target, &error), 0);
}
END_TEST

START_TEST(values_are_shown_as_one_writes_them)
{
    ck_assert_ptr_null(options_show(&target, &table[0]));
    ck_assert_str_eq(options_show(&target, &table[1]), "2");
    ck_assert_str_eq(options_show(&target, &table[2]), "64 KiB");
    ck_assert_str_eq(options_show(&target, &table[3]), "30s");
    ck_assert_str_eq(options_show(&target, &table[4]), "low");
}
END_TEST

static char *printed(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    print(out);
    (void)fclose(out);
    return text;
}

static void print_file(FILE *out)
{
    options_print_file(table, out);
}

static void print_uncommented(FILE *out)
{
    options_print_markdown(table, "TOY_", out);
    options_print_help(table, true, out);
}

START_TEST(the_printed_file_is_a_file_that_changes_nothing)
{
    AUTO_FREE char *text = printed(print_file);

    ck_assert_ptr_nonnull(strstr(text, "[database]\n"));
    ck_assert_ptr_nonnull(strstr(text, "#timeout = 30s\n"));
    ck_assert_ptr_nonnull(strstr(text, "Can be reloaded."));
    ck_assert_int_eq(parse(text), 0);
    ck_assert_int_eq(values.threads, 2);
}
END_TEST

START_TEST(help_has_every_flag_but_secrets)
{
    AUTO_FREE char *text = printed(print_uncommented);

    ck_assert_ptr_nonnull(strstr(text, "  -j, --json"));
    ck_assert_ptr_nonnull(strstr(text, "--tag K=V"));
    ck_assert_ptr_nonnull(strstr(text, "`TOY_DATABASE_URL`"));
    ck_assert_ptr_null(strstr(text, "--database-url"));
}
END_TEST

static int run_nothing(void *context, int operands, char **operand)
{
    (void)context;
    (void)operands;
    (void)operand;
    return 0;
}

static const struct options_command commands[] = {
    {"publish",   "FILE", 1, 1, NULL, run_nothing, "Publish.", NULL},
    {"model create",          "NAME", 1, 1, NULL, run_nothing, "Make.", NULL},
    {"model",       "", 0, 0, NULL, run_nothing, "List.", NULL},
    {NULL},
};

START_TEST(commands_are_found_by_their_longest_name)
{
    const struct options_command *command;
    int words;

    ck_assert_int_eq(options_command_find(commands, &arena, 3, ARGV("model", "create", "x"),
                                          &command, &words, &error),
                     0);
    ck_assert_str_eq(command->words, "model create");
    ck_assert_int_eq(words, 2);
    ck_assert_int_eq(
        options_command_find(commands, &arena, 1, ARGV("model"), &command, &words, &error), 0);
    ck_assert_int_eq(words, 1);
    ck_assert_int_eq(
        options_command_find(commands, &arena, 1, ARGV("publsh"), &command, &words, &error),
        OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "unknown command 'publsh'; did you mean 'publish'?");
    ck_assert_int_eq(options_command_find(commands, &arena, 0, NULL, &command, &words, &error),
                     OPTIONS_E_INVALID);
}
END_TEST

START_TEST(commands_count_their_operands)
{
    ck_assert_int_eq(options_command_check(&commands[0], &arena, "toy", 1, &error), 0);
    ck_assert_int_eq(options_command_check(&commands[0], &arena, "toy", 0, &error),
                     OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "too few arguments; usage: toy publish FILE");
    ck_assert_int_eq(options_command_check(&commands[2], &arena, "toy", 1, &error),
                     OPTIONS_E_INVALID);
    ck_assert_str_eq(error, "too many arguments; usage: toy model");
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "base/options", set_up, tear_down, defaults_are_filled_in, a_file_overrides_defaults,
        quotes_keep_spaces, mistakes_name_file_line_and_what_is_right,
        a_missing_file_is_an_outcome_of_its_own, the_environment_overrides_the_file,
        unknown_variables_of_our_sections_are_refused, secrets_may_be_in_a_file_of_their_own,
        flags_override_everything_and_leave_operands, wrong_flags_say_what_is_right,
        secrets_are_neither_flags_nor_shown, what_is_required_is_asked_for,
        values_are_shown_as_one_writes_them, the_printed_file_is_a_file_that_changes_nothing,
        help_has_every_flag_but_secrets, commands_are_found_by_their_longest_name,
        commands_count_their_operands);
}
