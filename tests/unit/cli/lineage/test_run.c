/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_capture.h"
#include "cli/lineage/run_child.h"
#include "cli/lineage/run_ends.h"
#include "cli/lineage/run_event.h"
#include "cli/lineage/run_facets.h"
#include "cli/lineage/run_git.h"
#include "cli/lineage/run_tool.h"
#include "cli/lineage/run_tree.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"
#include "lineage/ref.h"
#include "stage.h"
#include "suite.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stage stage;

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

static const char *path_of(const char *name)
{
    return arena_printf(&stage.cli.arena, "%s/%s", stage.home, name);
}

static void put(const char *name, const char *text)
{
    ck_assert_int_eq(file_replace(AT_FDCWD, path_of(name), text, strlen(text), 0600), 0);
}

/* ---- facets ---------------------------------------------------------------------------------- */

START_TEST(text_is_always_utf8)
{
    json_auto_t *text = run_facets_text("caf\xc3\xa9 \xff\xc3");
    const char *name = run_facets_name(&stage.cli.arena, "caf\xc3\xa9 \xff%\xc3");

    ck_assert_str_eq(json_string_value(text), "caf\xc3\xa9 ??");
    ck_assert_str_eq(name, "caf\xc3\xa9 %FF%%C3");
    ck_assert_str_eq(run_facets_name(&stage.cli.arena, ""), "");
}
END_TEST

/* ---- tool ------------------------------------------------------------------------------------ */

START_TEST(secrets_among_arguments_are_not_kept)
{
    static const struct {
        const char *given[3];
        const char *kept;
    } cases[] = {
        {{"--epochs=3"},                     "[\"--epochs=3\"]"                          },
        {{"--password=x"},                   "[\"--password=***\"]"                      },
        {{"--api-key", "x", "y"},            "[\"--api-key\", \"***\", \"y\"]"           },
        {{"--token", "--next"},              "[\"--token\", \"--next\"]"                 },
        {{"https://u:p@host/x"},             "[\"https://u:***@host/x\"]"                },
        {{"https://host:80/a@b"},            "[\"https://host:80/a@b\"]"                 },
        {{"-Dsecret=1=2", "HF_TOKEN=x", ""}, "[\"-Dsecret=***\", \"HF_TOKEN=***\", \"\"]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *arguments[3];
        int count = 0;

        for (; count < 3 && cases[i].given[count]; count++)
            arguments[count] = arena_strdup(&stage.cli.arena, cases[i].given[count]);

        json_auto_t *kept = run_tool_arguments(&stage.cli.arena, arguments, count);
        AUTO_FREE char *text = json_dumps(kept, 0);

        ck_assert_str_eq(text, cases[i].kept);
    }
}
END_TEST

START_TEST(arguments_are_bounded)
{
    static char long_one[10000];
    char *arguments[100];

    memset(long_one, 'x', sizeof(long_one) - 1);
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++)
        arguments[i] = long_one;

    json_auto_t *kept = run_tool_arguments(&stage.cli.arena, arguments, ARRAY_LEN(arguments));
    AUTO_FREE char *text = json_dumps(kept, 0);

    ck_assert_uint_lt(strlen(text), (size_t)128 << 10);
    ck_assert_str_eq(json_string_value(json_array_get(kept, json_array_size(kept) - 1)), "...");
}
END_TEST

START_TEST(a_tool_is_found_as_the_shell_finds_it)
{
    struct run_tool tool;

    put("tool", "#!/bin/sh\nexit 1\n");
    run_tool_read(&stage.cli.arena, path_of("tool"), true, &tool);
    ck_assert_ptr_null(tool.path); /* nobody may run it */
    ck_assert(!tool.hashed);
    ck_assert_int_eq(chmod(path_of("tool"), 0700), 0);
    run_tool_read(&stage.cli.arena, path_of("tool"), true, &tool);
    ck_assert_str_eq(tool.name, "tool");
    ck_assert_str_eq(tool.path, path_of("tool"));
    ck_assert(tool.hashed);
    ck_assert_ptr_null(tool.version);
    run_tool_read(&stage.cli.arena, "no-such-command", true, &tool);
    ck_assert_ptr_null(tool.path);
}
END_TEST

/* ---- git ------------------------------------------------------------------------------------- */

START_TEST(credentials_are_cut_from_urls)
{
    static const char *const cases[][2] = {
        {"https://u:p@host/r.git", "https://host/r.git"  },
        {"https://token@host",     "https://host"        },
        {"https://host/a@b",       "https://host/a@b"    },
        {"git@host:group/r.git",   "git@host:group/r.git"},
        {"/srv/git/r",             "/srv/git/r"          },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(run_git_strip(&stage.cli.arena, cases[i][0]), cases[i][1]);
}
END_TEST

/* ---- children -------------------------------------------------------------------------------- */

START_TEST(a_helper_is_bounded_in_time_and_in_what_it_says)
{
    static const char *const good[] = {"sh", "-c", "echo said; echo not >&2", NULL};
    static const char *const bad[] = {"sh", "-c", "echo said; exit 3", NULL};
    static const char *const endless[] = {"yes", NULL};
    static const char *const silent[] = {"sh", "-c", "sleep 600", NULL};
    static const char *const missing[] = {"no-such-command", NULL};
    static const struct {
        const char *const *argv;
        int timeout_ms;
        bool works;
    } cases[] = {
        {good,    60000, true },
        {bad,     60000, false},
        {endless, 60000, false},
        {silent,  50,    false},
        {missing, 60000, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buffer_release) struct buffer output = BUFFER(4096);

        ck_assert(run_capture(cases[i].argv, NULL, cases[i].timeout_ms, &output) == cases[i].works);
        if (cases[i].works)
            ck_assert_str_eq(output.bytes, "said\n");
    }
}
END_TEST

START_TEST(how_a_command_ended_is_told)
{
    static const struct {
        const char *script;
        int status;
        int signal;
    } cases[] = {
        {"exit 0",                        0,   0      },
        {"exit 7",                        7,   0      },
        {"kill -TERM $$",                 143, SIGTERM},
        {"test \"$GIVEN\" = x || exit 1", 0,   0      },
    };
    const char *variables[] = {"GIVEN=x", NULL};
    struct run_child_result result;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *argv[] = {arena_strdup(&stage.cli.arena, "sh"), arena_strdup(&stage.cli.arena, "-c"),
                        arena_strdup(&stage.cli.arena, cases[i].script), NULL};

        ck_assert_int_eq(run_child(argv, variables, &result), 0);
        ck_assert(result.started);
        ck_assert_int_eq(result.status, cases[i].status);
        ck_assert_int_eq(result.signal, cases[i].signal);
    }
    ck_assert_ptr_null(getenv("GIVEN"));

    char *missing[] = {arena_strdup(&stage.cli.arena, "no-such-command"), NULL};
    char *folder[] = {stage.home, NULL};

    ck_assert_int_eq(run_child(missing, variables, &result), 0);
    ck_assert(!result.started);
    ck_assert_int_eq(result.status, 127);
    ck_assert_int_eq(run_child(folder, variables, &result), 0);
    ck_assert(!result.started);
    ck_assert_int_eq(result.status, 126);
}
END_TEST

/* ---- files and directories ------------------------------------------------------------------- */

START_TEST(a_directory_is_what_is_below_it)
{
    /* printf '%s  %s\n' $(sha256sum < a) a $(sha256sum < sub/b) sub/b | sha256sum */
    static const char listing[] =
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n"
        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  sub/b\n";
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    uint8_t expected[DIGEST_SHA256_SIZE];
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint64_t size;
    uint64_t count;

    ck_assert_int_eq(interrupt_open(&interrupt), 0);
    ck_assert_int_eq(mkdir(path_of("data"), 0700), 0);
    ck_assert_int_eq(mkdir(path_of("data/sub"), 0700), 0);
    ck_assert_int_eq(mkdir(path_of("data/empty"), 0700), 0);
    put("data/sub/b", "b");
    put("data/a", "a");
    ck_assert_int_eq(symlink("a", path_of("data/link")), 0);
    digest_sha256(listing, strlen(listing), expected);
    ck_assert_int_eq(run_tree_hash(&stage.cli, &interrupt, path_of("data"), &size, &count, digest),
                     0);
    ck_assert_mem_eq(digest, expected, sizeof(digest));
    ck_assert_uint_eq(size, 2);
    ck_assert_uint_eq(count, 2);
    put("data/a", "A");
    ck_assert_int_eq(run_tree_hash(&stage.cli, &interrupt, path_of("data"), &size, &count, digest),
                     0);
    ck_assert_mem_ne(digest, expected, sizeof(digest));
    ck_assert_int_eq(run_tree_hash(&stage.cli, &interrupt, path_of("none"), &size, &count, digest),
                     CLI_FAILED);
}
END_TEST

static struct run_ends read_ends(const char *flag, bool references, const char *said)
{
    const char *texts[] = {said};
    const struct options_list list = {.texts = texts, .count = 1};
    struct run_ends ends = {0};
    int r = run_ends_read(&stage.cli, flag, &list, references, &ends);

    ck_assert(r == 0 || r == CLI_USAGE);
    return ends;
}

START_TEST(ends_are_paths_or_references)
{
    struct run_ends ends;

    put("file", "x");
    ends = read_ends("--in", true, path_of("file"));
    ck_assert(ends.count == 1 && ends.ends[0].path && ends.ends[0].is_artifact);
    ends = read_ends("--in", true, "dataset:lake#faces@3");
    ck_assert_ptr_null(ends.ends[0].path);
    ck_assert_str_eq(ends.ends[0].space, "lake");
    ck_assert_str_eq(ends.ends[0].name, "faces");
    ck_assert_str_eq(ends.ends[0].version, "3");
    ends = read_ends("--out", false, "dataset:faces=out=1.csv");
    ck_assert_str_eq(ends.ends[0].path, "1.csv");
    ck_assert_str_eq(ends.ends[0].name, "faces=out");
    ends = read_ends("--in", true, path_of("nothing"));
    ck_assert_uint_eq(ends.count, 0);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "is neither"));
    ends = read_ends("--in", true, "run:0190f1d2-9c1b-7e3c-9a5e-0123456789ab");
    ck_assert_uint_eq(ends.count, 0);
}
END_TEST

/* ---- events ---------------------------------------------------------------------------------- */

/* The server's own reader takes it. */
static void check_event(const struct run_story *story, const char *type)
{
    json_auto_t *event = run_event_encode(story);
    AUTO_FREE char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    struct openlineage_event parsed = {0};
    struct fields_error error = {0};

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(json_string_value(json_object_get(event, "eventType")), type);
    ck_assert_msg(openlineage_parse(text, strlen(text), &stage.cli.arena, &parsed, &error) == 0,
                  "%s", error.text);
}

START_TEST(events_are_openlineage)
{
    struct run_story story = {
        .job_space = "default",
        .job_name = "caf\xe9",
        .directory = "/tmp/\xff",
        .tool = {.name = "sh"},
        .arguments = json_array(),
        .environment = json_object(),
        .started_ms = STAGE_NOW_MS,
    };

    run_event_identify(&story);
    ck_assert(ref_is_uuid(story.id));
    ck_assert_int_eq(story.id[14], '7');
    ck_assert_mem_eq(story.id, "019b7ca9-8c88", 13); /* the time comes first */
    ck_assert_int_eq(setenv("OPENLINEAGE_PARENT_ID", "a/b/0190f1d2-9c1b-7e3c-9a5e-0123456789ab", 1),
                     0);
    run_event_adopt(&story, &stage.cli.arena);
    ck_assert_str_eq(story.parent_space, "a");
    ck_assert_str_eq(story.parent_name, "b");
    check_event(&story, "START");
    story.ended_ms = STAGE_NOW_MS + 5;
    story.result = (struct run_child_result){.started = true};
    check_event(&story, "COMPLETE");
    story.failure = "exit status 1";
    check_event(&story, "FAIL");
    run_event_release(&story);
    ck_assert_int_eq(unsetenv("OPENLINEAGE_PARENT_ID"), 0);
}
END_TEST

START_TEST(a_parent_that_is_none_is_left_out)
{
    static const char *const cases[] = {"",
                                        "/",
                                        "a/b",
                                        "a//0190f1d2-9c1b-7e3c-9a5e-0123456789ab",
                                        "/b/0190f1d2-9c1b-7e3c-9a5e-0123456789ab",
                                        "a/b/c"};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct run_story story = {0};

        ck_assert_int_eq(setenv("OPENLINEAGE_PARENT_ID", cases[i], 1), 0);
        run_event_adopt(&story, &stage.cli.arena);
        ck_assert_ptr_null(story.parent_id);
    }
    ck_assert_int_eq(unsetenv("OPENLINEAGE_PARENT_ID"), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "cli/run", set_up, tear_down, text_is_always_utf8, secrets_among_arguments_are_not_kept,
        arguments_are_bounded, a_tool_is_found_as_the_shell_finds_it, credentials_are_cut_from_urls,
        a_helper_is_bounded_in_time_and_in_what_it_says, how_a_command_ended_is_told,
        a_directory_is_what_is_below_it, ends_are_paths_or_references, events_are_openlineage,
        a_parent_that_is_none_is_left_out);
}
