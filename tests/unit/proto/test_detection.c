/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/detection.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

START_TEST(every_check_has_one_name)
{
    for (enum detection_check check = DETECTION_NONE + 1; check < DETECTION_CHECKS; check++) {
        const char *name = detection_name(check);

        ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        ck_assert_int_eq(detection_parse(name), check);
    }
    ck_assert_int_eq(detection_parse("none"), DETECTION_NONE);
    ck_assert_int_eq(detection_parse("sabotage"), DETECTION_NONE);
}
END_TEST

START_TEST(writes_what_it_reads)
{
    static const char *const texts[] = {
        "{\"check\":\"rollback\",\"repository\":\"director\",\"file\":\"timestamp.json\","
        "\"detail\":\"version 3 is older than 5\",\"time\":\"2026-01-02T03:04:05.678Z\"}",
        "{\"check\":\"wrong-bytes\",\"file\":\"digits/1.0.0/onnx/cpu/fp32/model.onnx\","
        "\"detail\":\"its SHA-256 is another\",\"time\":\"2026-01-02T03:04:05.678Z\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *value = json_loads(texts[i], 0, NULL);
        json_auto_t *again = NULL;
        struct fields_error error;
        struct detection detection;

        ck_assert_msg(fields_decode(&detection_shape, value, &arena, &detection, &error) == 0, "%s",
                      error.text);
        again = detection_encode(&detection);
        ck_assert(json_equal(value, again));
    }
}
END_TEST

static const struct {
    const char *name;
    const char *value;
    const char *text;
} refusals[] = {
    {"check",      "sabotage", "check: the name of a check, such as \"rollback\", expected"},
    {"repository", "mirror",   "repository: \"director\" or \"image\" expected"            },
    {"file",       "",         "file: must not be empty"                                   },
    {"time",       "noon",     NULL                                                        },
};

START_TEST(says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *value =
            json_pack("{s:s, s:s, s:s, s:s}", "check", "freeze", "file", "root.json", "detail",
                      "expired", "time", "2026-01-02T03:04:05.678Z");
        struct fields_error error;
        struct detection detection;

        (void)json_object_set_new(value, refusals[i].name, json_string(refusals[i].value));
        ck_assert_int_eq(fields_decode(&detection_shape, value, &arena, &detection, &error),
                         FIELDS_E_INVALID);
        if (refusals[i].text)
            ck_assert_str_eq(error.text, refusals[i].text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/detection", every_check_has_one_name, writes_what_it_reads,
                     says_what_is_wrong);
}
