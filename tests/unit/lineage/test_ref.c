/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/ref.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define UUID "0190f1d2-9c1b-7e3c-9a5e-0123456789ab"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

START_TEST(what_people_type_becomes_canonical)
{
    static const struct {
        const char *typed;
        const char *canonical;
        enum ref_kind kind;
    } vectors[] = {
        {"dataset:faces",                            "dataset:default#faces",            REF_DATASET        },
        {"dataset:faces@3",                          "dataset:default#faces@3",          REF_DATASET_VERSION},
        {"dataset:s3://bucket#a/b.csv@v1",           "dataset:s3://bucket#a/b.csv@v1",   REF_DATASET_VERSION},
        {"dataset:a%23b#c%40d@e f",                  "dataset:a%23b#c%40d@e%20f",        REF_DATASET_VERSION},
        {"dataset:%41",                              "dataset:default#A",                REF_DATASET        },
        {"job:airflow#dag.task",                     "job:airflow#dag.task",             REF_JOB            },
        {"code:git@host:org/repo.git@abc",           "code:git%40host:org/repo.git@abc", REF_CODE           },
        {"run:0190F1D2-9C1B-7E3C-9A5E-0123456789AB", "run:" UUID,                        REF_RUN            },
        {"digits@1.0.0",                             "model:digits@1.0.0",               REF_VERSION        },
        {"model:digits@1.0.0+b",                     "model:digits@1.0.0+b",             REF_VERSION        },
        {"digits@1/onnx/cpu/fp32",                   "model:digits@1/onnx/cpu/fp32",     REF_VARIANT        },
        {"sha256:" HEX,                              "artifact:" HEX,                    REF_ARTIFACT       },
        {"deployment:17",                            "deployment:17",                    REF_DEPLOYMENT     },
        {"device:cam-1",                             "device:cam-1",                     REF_DEVICE         },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const char *why = "";
        struct ref again;
        struct ref ref;

        ck_assert_msg(ref_parse(vectors[i].typed, &arena, &ref, &why) == 0, "%s: %s",
                      vectors[i].typed, why);
        ck_assert_str_eq(ref.text, vectors[i].canonical);
        ck_assert_int_eq(ref.kind, vectors[i].kind);
        ck_assert_int_eq(ref_parse(ref.text, &arena, &again, &why), 0);
        ck_assert_str_eq(again.text, ref.text);
    }
}
END_TEST

START_TEST(what_is_no_reference_is_refused_with_a_reason)
{
    static const char *const vectors[] = {
        "",
        "faces",
        "dataset:",
        "dataset:#a",
        "dataset:a#",
        "dataset:a@",
        "dataset:%zz",
        "dataset:%00",
        "dataset:%ff",
        "dataset:%4",
        "code:repo",
        "code:@abc",
        "run:17",
        "run:0190f1d2-9c1b-7e3c-9a5e-0123456789ag",
        "digits@",
        "Digits@1",
        "digits@1/onnx",
        "sha256:00",
        "deployment:0",
        "deployment:-1",
        "deployment:99999999999999999999",
        "device:",
        "device:a/b",
        "http://host@1",
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const char *why = NULL;
        struct ref ref;

        ck_assert_msg(ref_parse(vectors[i], &arena, &ref, &why) == REF_E_INVALID, "'%s'",
                      vectors[i]);
        ck_assert_ptr_nonnull(why);
    }
}
END_TEST

START_TEST(parts_are_bounded)
{
    CLEANUP(arena_release) struct arena arena = {0};
    char name[REF_NAME_MAX + 2];
    const char *why;
    struct ref ref;

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(ref_parse(arena_printf(&arena, "dataset:%s", name), &arena, &ref, &why),
                     REF_E_INVALID);
    name[REF_NAME_MAX] = '\0';
    ck_assert_int_eq(ref_parse(arena_printf(&arena, "dataset:%s", name), &arena, &ref, &why), 0);
    /* the longest that there can be */
    memset(name, '%', REF_NAME_MAX);
    const char *longest = ref_dataset(&arena, arena_strndup(&arena, name, REF_NAMESPACE_MAX), name,
                                      arena_strndup(&arena, name, REF_REVISION_MAX));
    ck_assert_uint_le(strlen(longest), REF_TEXT_MAX);
    ck_assert_int_eq(ref_parse(longest, &arena, &ref, &why), 0);
    ck_assert_str_eq(ref.name, name);
}
END_TEST

START_TEST(different_names_have_different_texts)
{
    CLEANUP(arena_release) struct arena arena = {0};

    ck_assert_str_ne(ref_dataset(&arena, "a#b", "c", NULL), ref_dataset(&arena, "a", "b#c", NULL));
    ck_assert_str_ne(ref_dataset(&arena, "a", "b@c", NULL), ref_dataset(&arena, "a", "b", "c"));
    ck_assert_str_ne(ref_dataset(&arena, "a", "b%40c", NULL),
                     ref_dataset(&arena, "a", "b@c", NULL));
    ck_assert_str_ne(ref_code(&arena, "a@b", "c"), ref_code(&arena, "a", "b@c"));
    ck_assert_str_eq(ref_dataset(&arena, "a", "b", ""), ref_dataset(&arena, "a", "b", NULL));
}
END_TEST

START_TEST(kinds_have_words)
{
    enum ref_kind kind;

    for (int i = 1; i < REF_KINDS; i++) {
        ck_assert(ref_kind_parse(ref_kind_name((enum ref_kind)i), &kind));
        ck_assert_int_eq(kind, i);
    }
    ck_assert(!ref_kind_parse("thing", &kind));
}
END_TEST

int main(void)
{
    return SUITE_RUN("lineage/ref", what_people_type_becomes_canonical,
                     what_is_no_reference_is_refused_with_a_reason, parts_are_bounded,
                     different_names_have_different_texts, kinds_have_words);
}
