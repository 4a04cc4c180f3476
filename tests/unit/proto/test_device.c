/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/device.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static int decode(const char *text, struct arena *arena, struct device_facts *ret_facts,
                  struct fields_error *ret_error)
{
    json_auto_t *value = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(value);
    return device_facts_decode(value, arena, ret_facts, ret_error);
}

START_TEST(reads_what_it_writes)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *object = NULL;
    AUTO_FREE char *text = NULL;
    struct device_facts facts;
    struct fields_error error;

    ck_assert_int_eq(decode("{\"attributes\":{\"board\":\"rpi5\"},"
                            "\"capabilities\":[{\"runtime\":\"onnx\",\"hardware\":\"cpu\"}]}",
                            &arena, &facts, &error),
                     0);
    ck_assert_str_eq(facts.attributes[0].value, "rpi5");
    ck_assert_str_eq(facts.capabilities[0].runtime, "onnx");
    object = device_facts_encode(&facts);
    text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"attributes\":{\"board\":\"rpi5\"},"
                           "\"capabilities\":[{\"hardware\":\"cpu\",\"runtime\":\"onnx\"}]}");
}
END_TEST

START_TEST(says_nothing_is_allowed)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct device_facts facts;
    struct fields_error error;

    ck_assert_int_eq(decode("{}", &arena, &facts, &error), 0);
    ck_assert_uint_eq(facts.attribute_count, 0);
    ck_assert_uint_eq(facts.capability_count, 0);
}
END_TEST

static const struct {
    const char *json;
    int outcome;
    const char *text;
} refusals[] = {
    {"{\"attribute\":{}}",                                                       FIELDS_E_UNKNOWN, "attribute: unknown field"},
    {"{\"attributes\":{\"a b\":\"\"}}",                                          FIELDS_E_INVALID,
     "attributes[\"a b\"]: bad name: 1 to 128 characters A-Z, a-z, 0-9, '_', '.', '/', '-' "
     "expected"                                                                                                              },
    {"{\"capabilities\":[{\"runtime\":\"onnx\"}]}",                              FIELDS_E_INVALID,
     "capabilities[0].hardware: missing"                                                                                     },
    {"{\"capabilities\":[{\"runtime\":\"onnx\",\"hardware\":\"cpu\",\"x\":1}]}", FIELDS_E_UNKNOWN,
     "capabilities[0].x: unknown field"                                                                                      },
};

START_TEST(says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct device_facts facts;
        struct fields_error error;

        ck_assert_int_eq(decode(refusals[i].json, &arena, &facts, &error), refusals[i].outcome);
        ck_assert_str_eq(error.text, refusals[i].text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/device", reads_what_it_writes, says_nothing_is_allowed,
                     says_what_is_wrong);
}
