/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/enrolment.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"

#include <string.h>

static struct enrolment enrolment_make(const struct key_pair *pair)
{
    static struct fields_pair attributes[] = {
        {"board", "rpi5"},
    };
    static struct variant_capability capabilities[] = {
        {"onnx", "cpu"},
    };

    return (struct enrolment){
        .token_sha256 = {1,  2,            3},
        .device = "cam-17",
        .key = pair->key,
        .facts = { attributes, 1, capabilities, 1},
        .time_ms = 1767323045678,
    };
}

static json_t *encode(void)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct enrolment enrolment;
    json_t *value;

    ck_assert_int_eq(key_generate("", &pair), 0);
    enrolment = enrolment_make(&pair);
    value = enrolment_encode(&enrolment);
    ck_assert_ptr_nonnull(value);
    return value;
}

START_TEST(reads_what_it_writes)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = encode();
    json_auto_t *again = NULL;
    struct enrolment enrolment;
    struct fields_error error;

    ck_assert_msg(enrolment_decode(value, &arena, &enrolment, &error) == 0, "%s", error.text);
    ck_assert_str_eq(enrolment.device, "cam-17");
    ck_assert_uint_eq(enrolment.token_sha256[2], 3);
    ck_assert_str_eq(enrolment.facts.capabilities[0].hardware, "cpu");
    again = enrolment_encode(&enrolment);
    ck_assert(json_equal(value, again));
}
END_TEST

static const struct {
    const char *member;
    const char *json; /* NULL: removed */
    int outcome;
    const char *text;
} damages[] = {
    {"_type",        "\"modelferry-report\"",                                                           FIELDS_E_INVALID,
     "_type: \"modelferry-enrolment\" expected"                                                                                                                                       },
    {"device",       "\"Cam 17\"",                                                                      FIELDS_E_INVALID,
     "device: a name of 1 to 63 characters a-z, 0-9, '.', '_', '-', beginning with a letter or "
     "digit, expected"                                                                                                                                                                },
    {"token_sha256", "\"00\"",                                                                          FIELDS_E_INVALID, "token_sha256: 64 lower-case hex digits expected"           },
    {"key",          NULL,                                                                              FIELDS_E_INVALID, "key: missing"                                              },
    {"key",          "7",                                                                               FIELDS_E_INVALID, "key: an object expected"                                   },
    {"key",          "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}",
     FIELDS_E_INVALID,                                                                                                    "key.keyval.public: 64 lower-case hex digits expected"      },
    {"time",         "0",                                                                               FIELDS_E_INVALID, "time: a time such as \"2026-01-02T03:04:05.678Z\" expected"},
    {"more",         "0",                                                                               FIELDS_E_UNKNOWN, "more: unknown field"                                       },
};

START_TEST(says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *value = encode();
        struct enrolment enrolment;
        struct fields_error error;

        if (damages[i].json)
            ck_assert_int_eq(
                json_object_set_new(value, damages[i].member,
                                    json_loads(damages[i].json, JSON_DECODE_ANY, NULL)),
                0);
        else
            ck_assert_int_eq(json_object_del(value, damages[i].member), 0);
        ck_assert_int_eq(enrolment_decode(value, &arena, &enrolment, &error), damages[i].outcome);
        ck_assert_str_eq(error.text, damages[i].text);
    }
}
END_TEST

START_TEST(answers_round_trip)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct enrolment_answer answer = {
        "cam-17", "00000000-0000-4000-8000-000000000000", "default", "mfd_0123456789", 60,
    };
    json_auto_t *value = enrolment_answer_encode(&answer);
    struct enrolment_answer again;
    struct fields_error error;

    ck_assert_int_eq(json_object_set_new(value, "later", json_true()), 0);
    ck_assert_int_eq(enrolment_answer_decode(value, &arena, &again, &error), 0);
    ck_assert_str_eq(again.device_id, answer.device_id);
    ck_assert_str_eq(again.token, answer.token);
    ck_assert_int_eq(again.poll_interval_s, 60);
    ck_assert_int_eq(json_object_del(value, "token"), 0);
    ck_assert_int_eq(enrolment_answer_decode(value, &arena, &again, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "token: missing");
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN("proto/enrolment", reads_what_it_writes, says_what_is_wrong,
                     answers_round_trip);
}
