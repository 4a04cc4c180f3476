/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/manifest_diff.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static const char old_text[] =
    "{'version':'1','tags':{'team':'vision'},'variants':[{'runtime':'onnx','hardware':'cpu',"
    "'precision':'fp32','artifacts':[{'name':'m.onnx','length':1}]}]}";

static const char new_text[] =
    "{'version':'2','x-origin':{'run':7},'variants':[{'runtime':'tflite','hardware':'cpu',"
    "'precision':'int8','artifacts':[{'name':'m.tflite','length':3}]},{'runtime':'onnx',"
    "'hardware':'cpu','precision':'fp32','artifacts':[{'name':'m.onnx','length':1}]}]}";

/* JSON is easier to read here with single quotes. */
static json_t *load(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return json_loads(copy, 0, NULL);
}

static const struct manifest_diff_line *find(const struct manifest_diff *diff, const char *path)
{
    for (size_t i = 0; i < diff->count; i++)
        if (strcmp(diff->lines[i].path, path) == 0)
            return &diff->lines[i];
    ck_abort_msg("no line '%s'", path);
    return NULL;
}

START_TEST(finds_what_differs_wherever_it_moved)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *before = load(&arena, old_text);
    json_auto_t *after = load(&arena, new_text);
    struct manifest_diff diff;
    const struct manifest_diff_line *line;

    manifest_diff_make(&arena, before, after, &diff);
    line = find(&diff, "version");
    ck_assert_int_eq(line->kind, MANIFEST_DIFF_CHANGED);
    ck_assert_str_eq(line->before, "\"1\"");
    ck_assert_str_eq(line->after, "\"2\"");
    ck_assert_int_eq(find(&diff, "tags.team")->kind, MANIFEST_DIFF_REMOVED);
    ck_assert_int_eq(find(&diff, "variants[onnx/cpu/fp32].artifacts[m.onnx].length")->kind,
                     MANIFEST_DIFF_SAME);
    ck_assert_int_eq(find(&diff, "variants[tflite/cpu/int8].artifacts[m.tflite].length")->kind,
                     MANIFEST_DIFF_ADDED);
}
END_TEST

START_TEST(shows_members_that_it_does_not_know)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *before = load(&arena, old_text);
    json_auto_t *after = load(&arena, new_text);
    struct manifest_diff diff;

    manifest_diff_make(&arena, before, after, &diff);
    ck_assert_int_eq(find(&diff, "x-origin.run")->kind, MANIFEST_DIFF_ADDED);
}
END_TEST

START_TEST(adds_everything_where_there_was_nothing)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *after = load(&arena, new_text);
    struct manifest_diff diff;

    manifest_diff_make(&arena, NULL, after, &diff);
    ck_assert_uint_gt(diff.count, 8);
    for (size_t i = 0; i < diff.count; i++)
        ck_assert_int_eq(diff.lines[i].kind, MANIFEST_DIFF_ADDED);
}
END_TEST

static size_t count_changes(const struct manifest_diff *diff)
{
    size_t count = 0;

    for (size_t i = 0; i < diff->count; i++)
        count += diff->lines[i].kind != MANIFEST_DIFF_SAME;
    return count;
}

/* Pairs that differ, and that a careless path would make look the same. */
static const char *const lookalikes[][2] = {
    {"{'a':{'b':1}}",              "{'a.b':1}"                                    },
    {"{'a':[1]}",                  "{'a[#0]':1}"                                  },
    {"{'a':[{'name':'x','v':1}]}", "{'a[x]':{'name':'x','v':1}}"                  },
    {"{'a':[{'name':'x','v':1}]}", "{'a':[{'name':'x','v':1},{'name':'x','v':1}]}"},
    {"{'a':[{'name':'x]['}]}",     "{'a':[{'name':'x]'}]}"                        },
    {"{'a':{}}",                   "{'a':[]}"                                     },
    {"{'a':1}",                    "{'a':1,'':2}"                                 },
};

START_TEST(what_differs_never_looks_the_same)
{
    for (size_t i = 0; i < ARRAY_LEN(lookalikes); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *before = load(&arena, lookalikes[i][0]);
        json_auto_t *after = load(&arena, lookalikes[i][1]);
        struct manifest_diff diff;

        ck_assert(before && after);
        manifest_diff_make(&arena, before, after, &diff);
        ck_assert_msg(count_changes(&diff) > 0, "%s", lookalikes[i][1]);
        manifest_diff_make(&arena, after, before, &diff);
        ck_assert_msg(count_changes(&diff) > 0, "%s", lookalikes[i][1]);
    }
}
END_TEST

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

START_TEST(keyids_are_a_set)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *before = load(&arena, "{'keyids':['" KEY_A "','" KEY_B "']}");
    json_auto_t *after = load(&arena, "{'keyids':['" KEY_C "','" KEY_A "']}");
    struct manifest_diff diff;

    manifest_diff_make(&arena, before, after, &diff);
    ck_assert_uint_eq(count_changes(&diff), 2);
    ck_assert_int_eq(find(&diff, "keyids[" KEY_C "]")->kind, MANIFEST_DIFF_ADDED);
    ck_assert_int_eq(find(&diff, "keyids[" KEY_B "]")->kind, MANIFEST_DIFF_REMOVED);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/manifest_diff", finds_what_differs_wherever_it_moved,
                     shows_members_that_it_does_not_know, adds_everything_where_there_was_nothing,
                     what_differs_never_looks_the_same, keyids_are_a_set);
}
