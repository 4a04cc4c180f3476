/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/rootfile.h"

#include "rootfile.h"

#include <stdlib.h>

static struct key_pair pair;

static int parse(const json_t *object, json_t **ret_roots, struct reason *reason)
{
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT);

    return rootfile_parse(text, strlen(text), ret_roots, reason);
}

START_TEST(reads_the_roots_of_both_repositories)
{
    json_auto_t *object = NULL;
    json_auto_t *roots = NULL;
    AUTO_FREE char *root = NULL;
    struct reason reason = {0};

    ck_assert_int_eq(key_generate("root", &pair), 0);
    object = rootfile_make(&pair, "default");
    ck_assert_msg(parse(object, &roots, &reason) == 0, "%s", reason.text);
    ck_assert(json_equal(roots, object));
    root = rootfile_root(roots, "director");
    ck_assert_ptr_nonnull(strstr(root, "\"consistent_snapshot\""));
}
END_TEST

/* Each row spoils one member. */
static const struct {
    const char *member;
    const char *value; /* JSON; NULL: removed */
    const char *words;
} damages[] = {
    {"modelferry_trust", "2",                                 "modelferry_trust: 1 is expected"},
    {"modelferry_trust", NULL,                                "modelferry_trust: 1 is expected"},
    {"workspace",        "\"../x\"",                          "workspace: a name is expected"  },
    {"image",            NULL,                                "image: a root is expected"      },
    {"director",         "[]",                                "director: a root is expected"   },
    {"director",         "{\"signatures\":[],\"signed\":{}}", "director: root.json"            },
};

START_TEST(says_what_is_wrong_with_a_file)
{
    ck_assert_int_eq(key_generate("root", &pair), 0);
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        json_auto_t *object = rootfile_make(&pair, "default");
        json_auto_t *roots = NULL;
        struct reason reason = {0};

        if (damages[i].value)
            (void)json_object_set_new(object, damages[i].member,
                                      json_loads(damages[i].value, JSON_DECODE_ANY, NULL));
        else
            (void)json_object_del(object, damages[i].member);
        ck_assert_int_eq(parse(object, &roots, &reason), ROOTFILE_E_BROKEN);
        ck_assert_msg(strstr(reason.text, damages[i].words) != NULL, "%s", reason.text);
        ck_assert_ptr_null(roots);
    }
}
END_TEST

START_TEST(refuses_a_root_that_its_own_keys_did_not_sign)
{
    struct key_pair other;
    json_auto_t *object = NULL;
    json_auto_t *foreign = NULL;
    json_auto_t *roots = NULL;
    struct reason reason = {0};

    ck_assert_int_eq(key_generate("root", &pair), 0);
    ck_assert_int_eq(key_generate("other", &other), 0);
    object = rootfile_make(&pair, "default");
    foreign = rootfile_envelope(&other, 1);
    (void)json_object_set(json_object_get(object, "image"), "signatures",
                          json_object_get(foreign, "signatures"));
    ck_assert_int_eq(parse(object, &roots, &reason), ROOTFILE_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "good signatures"));
}
END_TEST

START_TEST(refuses_what_is_no_json)
{
    json_auto_t *roots = NULL;
    struct reason reason = {0};

    ck_assert_int_eq(rootfile_parse("roots", 5, &roots, &reason), ROOTFILE_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "it is not JSON"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib/rootfile");
    TCase *tcase = tcase_create("rootfile");

    tcase_add_test(tcase, reads_the_roots_of_both_repositories);
    tcase_add_test(tcase, says_what_is_wrong_with_a_file);
    tcase_add_test(tcase, refuses_a_root_that_its_own_keys_did_not_sign);
    tcase_add_test(tcase, refuses_what_is_no_json);
    return world_run(suite, tcase);
}
