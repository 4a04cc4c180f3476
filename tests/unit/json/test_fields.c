/* SPDX-License-Identifier: Apache-2.0 */
#include "json/fields.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const char *check_lower(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz") == strlen(text) ? NULL : "lower-case letters";
}

struct leaf {
    const char *name;
    const char *word;
    int64_t number;
};

struct tree {
    const char *title;
    int64_t count;
    int64_t waited_ms;
    bool enabled;
    int64_t time_ms;
    uint8_t digest[4];
    const json_t *anything;
    const struct leaf *pointer;
    struct leaf embedded;
    struct leaf *list;
    size_t list_count;
    struct leaf *map;
    size_t map_count;
    const char **strings;
    size_t string_count;
    struct fields_pair *pairs;
    size_t pair_count;
};

static const struct field leaf_fields[] = {
    FIELD("word", STRING, struct leaf, word, .required = true, .check = check_lower),
    FIELD("number", INTEGER, struct leaf, number, .nullable = true, .min = 1, .max = 9,
          .fallback = -1),
};
static const struct shape leaf_shape =
    SHAPE(struct leaf, leaf_fields, .key_offset = offsetof(struct leaf, name));
static const struct shape open_leaf_shape = SHAPE(struct leaf, leaf_fields, .open = true);

static const struct field tree_fields[] = {
    FIELD("title", STRING, struct tree, title, .required = true, .min = 2, .max = 8),
    FIELD("count", INTEGER, struct tree, count),
    FIELD("waited_ms", INTEGER, struct tree, waited_ms, .fallback = 250),
    FIELD("enabled", BOOL, struct tree, enabled, .fallback = true),
    FIELD("time", TIME, struct tree, time_ms, .fallback = -7),
    FIELD("digest", HEX, struct tree, digest, .max = 4),
    FIELD("anything", JSON, struct tree, anything),
    FIELD("pointer", OBJECT, struct tree, pointer, .nullable = true, .shape = &leaf_shape),
    FIELD("embedded", INLINE, struct tree, embedded, .shape = &open_leaf_shape),
    FIELD_ARRAY("list", LIST, struct tree, list, list_count, .min = 1, .max = 3,
                .shape = &leaf_shape),
    FIELD_ARRAY("map", MAP, struct tree, map, map_count, .max = 2, .key_check = check_lower,
                .shape = &leaf_shape),
    FIELD_ARRAY("strings", STRINGS, struct tree, strings, string_count, .max = 2,
                .check = check_lower),
    FIELD_ARRAY("pairs", PAIRS, struct tree, pairs, pair_count, .max = 2, .check = check_lower,
                .key_check = check_lower),
};
static const struct shape tree_shape = SHAPE(struct tree, tree_fields);

/* Single quotes stand for double ones. */
static json_t *parse(const char *text)
{
    AUTO_FREE char *copy = strdup(text);
    json_t *value;

    for (char *c = copy; *c; c++) {
        if (*c == '\'')
            *c = '"';
    }
    value = json_loads(copy, JSON_DECODE_ANY, NULL);
    ck_assert_msg(value != NULL, "bad test: %s", text);
    return value;
}

static int decode(const char *text, struct arena *arena, struct tree *ret_tree,
                  struct fields_error *ret_error)
{
    json_auto_t *value = parse(text);

    return fields_decode(&tree_shape, value, arena, ret_tree, ret_error);
}

START_TEST(decodes_every_type)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = parse("{'title':'abc','count':-5,'waited_ms':0,'enabled':false,"
                               "'time':'1970-01-01T00:00:01.5Z','digest':'00ff1020',"
                               "'anything':[1],'pointer':{'word':'p','number':9},"
                               "'embedded':{'word':'e','unknown':1},"
                               "'list':[{'word':'a'},{'word':'b','number':null}],"
                               "'map':{'z':{'word':'c'},'y':{'word':'d','number':1}},"
                               "'strings':['s','t'],'pairs':{'k':'v'}}");
    struct fields_error error;
    struct tree tree;

    ck_assert_int_eq(fields_decode(&tree_shape, value, &arena, &tree, &error), 0);
    ck_assert_str_eq(tree.title, "abc");
    ck_assert_int_eq(tree.count, -5);
    ck_assert_int_eq(tree.waited_ms, 0);
    ck_assert(!tree.enabled);
    ck_assert_int_eq(tree.time_ms, 1500);
    ck_assert_mem_eq(tree.digest, "\x00\xff\x10\x20", 4);
    ck_assert_ptr_eq(tree.anything, json_object_get(value, "anything"));
    ck_assert_str_eq(tree.pointer->word, "p");
    ck_assert_int_eq(tree.pointer->number, 9);
    ck_assert_str_eq(tree.embedded.word, "e");
    ck_assert_uint_eq(tree.list_count, 2);
    ck_assert_str_eq(tree.list[1].word, "b");
    ck_assert_int_eq(tree.list[1].number, -1);
    ck_assert_uint_eq(tree.map_count, 2);
    ck_assert_str_eq(tree.map[0].name, "z");
    ck_assert_str_eq(tree.map[1].name, "y");
    ck_assert_int_eq(tree.map[1].number, 1);
    ck_assert_uint_eq(tree.string_count, 2);
    ck_assert_str_eq(tree.strings[1], "t");
    ck_assert_uint_eq(tree.pair_count, 1);
    ck_assert_str_eq(tree.pairs[0].key, "k");
    ck_assert_str_eq(tree.pairs[0].value, "v");
}
END_TEST

START_TEST(absent_fields_get_their_fallback)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct fields_error error;
    struct tree tree;

    memset(&tree, 0xff, sizeof(tree));
    ck_assert_int_eq(decode("{'title':'abc','pointer':null}", &arena, &tree, &error), 0);
    ck_assert_int_eq(tree.count, 0);
    ck_assert_int_eq(tree.waited_ms, 250);
    ck_assert(tree.enabled);
    ck_assert_int_eq(tree.time_ms, -7);
    ck_assert_ptr_null(tree.anything);
    ck_assert_ptr_null(tree.pointer);
    ck_assert_ptr_null(tree.embedded.word);
    ck_assert_uint_eq(tree.list_count, 0);
    ck_assert_uint_eq(tree.pair_count, 0);
}
END_TEST

static const struct {
    const char *json;
    int outcome;
    const char *path;
    const char *text;
} refusals[] = {
    {"[]",                                                                           FIELDS_E_INVALID, "",              "an object expected"                         },
    {"7",                                                                            FIELDS_E_INVALID, "",              "an object expected"                         },
    {"{}",                                                                           FIELDS_E_INVALID, "title",         "title: missing"                             },
    {"{'title':null}",                                                               FIELDS_E_INVALID, "title",         "title: a string expected"                   },
    {"{'title':''}",                                                                 FIELDS_E_INVALID, "title",         "title: must not be empty"                   },
    {"{'title':'a'}",                                                                FIELDS_E_INVALID, "title",         "title: too short: at least 2 bytes expected"},
    {"{'title':'123456789'}",                                                        FIELDS_E_INVALID, "title",         "title: too long: at most 8 bytes"           },
    {"{'title':'abc','titel':1}",                                                    FIELDS_E_UNKNOWN, "titel",         "titel: unknown field"                       },
    {"{'titel':1}",                                                                  FIELDS_E_UNKNOWN, "titel",         "titel: unknown field"                       },
    {"{'title':'abc','count':'5'}",                                                  FIELDS_E_INVALID, "count",         "count: an integer expected"                 },
    {"{'title':'abc','count':null}",                                                 FIELDS_E_INVALID, "count",         "count: an integer expected"                 },
    {"{'title':'abc','count':1.5}",                                                  FIELDS_E_INVALID, "count",         "count: an integer expected"                 },
    {"{'title':'abc','enabled':1}",                                                  FIELDS_E_INVALID, "enabled",       "enabled: true or false expected"            },
    {"{'title':'abc','time':'yesterday'}",                                           FIELDS_E_INVALID, "time",
     "time: a time such as \"2026-01-02T03:04:05.678Z\" expected"                                                                                                    },
    {"{'title':'abc','digest':'00FF1020'}",                                          FIELDS_E_INVALID, "digest",
     "digest: 8 lower-case hex digits expected"                                                                                                                      },
    {"{'title':'abc','digest':'00ff10'}",                                            FIELDS_E_INVALID, "digest",
     "digest: 8 lower-case hex digits expected"                                                                                                                      },
    {"{'title':'abc','anything':null}",                                              FIELDS_E_INVALID, "anything",      "anything: must not be null"                 },
    {"{'title':'abc','pointer':{'word':'A'}}",                                       FIELDS_E_INVALID, "pointer.word",
     "pointer.word: lower-case letters expected"                                                                                                                     },
    {"{'title':'abc','pointer':{'word':'a','x':1}}",                                 FIELDS_E_UNKNOWN, "pointer.x",
     "pointer.x: unknown field"                                                                                                                                      },
    {"{'title':'abc','pointer':7}",                                                  FIELDS_E_INVALID, "pointer",       "pointer: an object expected"                },
    {"{'title':'abc','list':{}}",                                                    FIELDS_E_INVALID, "list",          "list: an array expected"                    },
    {"{'title':'abc','list':[]}",                                                    FIELDS_E_INVALID, "list",          "list: at least 1 expected"                  },
    {"{'title':'abc','list':[{'word':'a'},{'word':'a'},{'word':'a'},{'word':'a'}]}",
     FIELDS_E_INVALID,                                                                                 "list",          "list: too many: at most 3"                  },
    {"{'title':'abc','list':[{'word':'a'},{'word':'a','number':10}]}",               FIELDS_E_INVALID,
     "list[1].number",                                                                                                  "list[1].number: must be from 1 to 9"        },
    {"{'title':'abc','map':[]}",                                                     FIELDS_E_INVALID, "map",           "map: an object expected"                    },
    {"{'title':'abc','map':{'A b':{}}}",                                             FIELDS_E_INVALID, "map[\"A b\"]",
     "map[\"A b\"]: bad name: lower-case letters expected"                                                                                                           },
    {"{'title':'abc','map':{'a':{}}}",                                               FIELDS_E_INVALID, "map.a.word",    "map.a.word: missing"                        },
    {"{'title':'abc','strings':['a',1]}",                                            FIELDS_E_INVALID, "strings[1]",
     "strings[1]: a string expected"                                                                                                                                 },
    {"{'title':'abc','strings':['a','a','a']}",                                      FIELDS_E_INVALID, "strings",
     "strings: too many: at most 2"                                                                                                                                  },
    {"{'title':'abc','pairs':{'a':1}}",                                              FIELDS_E_INVALID, "pairs.a",       "pairs.a: a string expected"                 },
    {"{'title':'abc','pairs':{'a\\n':'b'}}",                                         FIELDS_E_INVALID, "pairs[\"a?\"]",
     "pairs[\"a?\"]: bad name: lower-case letters expected"                                                                                                          },
    {"{'title':'abc','pairs':['a']}",                                                FIELDS_E_INVALID, "pairs",
     "pairs: an object of strings expected"                                                                                                                          },
};

START_TEST(says_what_is_wrong_and_where)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct fields_error error;
        struct tree tree = {.count = 77};

        ck_assert_msg(decode(refusals[i].json, &arena, &tree, &error) == refusals[i].outcome, "%s",
                      refusals[i].json);
        ck_assert_str_eq(error.path, refusals[i].path);
        ck_assert_str_eq(error.text, refusals[i].text);
        ck_assert_int_eq(tree.count, 77); /* outputs untouched */
    }
}
END_TEST

START_TEST(refuses_strings_with_nul)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = json_pack("{s:s#}", "title", "a\0c", 3);
    struct fields_error error;
    struct tree tree;

    ck_assert_int_eq(fields_decode(&tree_shape, value, &arena, &tree, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "title: a string without NUL expected");
}
END_TEST

START_TEST(shows_names_of_others_shortened_and_whole)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = json_pack("{s:s}", "title", "abc");
    struct fields_error error;
    struct tree tree;
    char name[200] = "";

    for (int i = 0; i < 60; i++)
        strcat(name, "\xc3\xa4");
    ck_assert_int_eq(json_object_set_new(value, name, json_true()), 0);
    ck_assert_int_eq(fields_decode(&tree_shape, value, &arena, &tree, &error), FIELDS_E_UNKNOWN);
    ck_assert(utf8_valid(error.text, strlen(error.text)));
    ck_assert_uint_eq(strlen(error.path), 64 + strlen("[\"...\"]"));
}
END_TEST

START_TEST(refusals_by_hand_read_the_same)
{
    struct fields_error error;
    char path[400];

    ck_assert_int_eq(fields_refuse(&error, "a.b", "%d is odd", 7), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "a.b: 7 is odd");
    ck_assert_int_eq(fields_refuse(&error, "", "nothing"), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "nothing");

    memset(path, 0, sizeof(path));
    path[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof(path); i += 2)
        memcpy(path + i, "\xc3\xa4", 2);
    ck_assert_int_eq(fields_refuse(&error, path, "%s", path), FIELDS_E_INVALID);
    ck_assert(utf8_valid(error.path, strlen(error.path)));
    ck_assert(utf8_valid(error.text, strlen(error.text)));
}
END_TEST

START_TEST(writes_pairs_as_an_object)
{
    const struct fields_pair pairs[] = {
        {"a", "1"},
        {"b", "2"},
    };
    json_auto_t *object = fields_pairs_to_json(pairs, 2);
    json_auto_t *empty = fields_pairs_to_json(NULL, 0);

    ck_assert_str_eq(json_string_value(json_object_get(object, "b")), "2");
    ck_assert_uint_eq(json_object_size(object), 2);
    ck_assert_uint_eq(json_object_size(empty), 0);
    ck_assert(json_is_object(empty));
}
END_TEST

int main(void)
{
    return SUITE_RUN("json/fields", decodes_every_type, absent_fields_get_their_fallback,
                     says_what_is_wrong_and_where, refuses_strings_with_nul,
                     shows_names_of_others_shortened_and_whole, refusals_by_hand_read_the_same,
                     writes_pairs_as_an_object);
}
