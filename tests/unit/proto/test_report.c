/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/report.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD                                                                                       \
    "\"_type\":\"modelferry-report\",\"device_id\":\"01234567-89ab-4def-8123-456789abcdef\","      \
    "\"time\":\"2026-01-02T03:04:05.678Z\",\"state_version\":7,"                                   \
    "\"nonce\":\"00112233445566778899aabbccddeeff\""
#define REST "\"serving\":{},\"detected\":[]"
#define REPORT(slot) "{" HEAD ",\"sequence\":42,\"slots\":{\"main\":" slot "}," REST "}"

static int decode(const char *text, struct arena *arena, struct report *ret_report,
                  struct fields_error *ret_error)
{
    json_auto_t *value = json_loads(text, 0, NULL);

    ck_assert_msg(value != NULL, "%s", text);
    return report_decode(value, arena, ret_report, ret_error);
}

static const char installed[] =
    REPORT("{\"state\":\"installed\",\"model\":\"digits\",\"version\":\"1.0.0\","
           "\"variant\":\"onnx/cpu/fp32\",\"manifest_sha256\":\"" DIGEST "\","
           "\"previous\":{\"model\":\"digits\",\"version\":\"0.9.0\"},\"reload\":\"notify\","
           "\"gap_us\":184,\"gap_source\":\"application\",\"duration_ms\":912}");

START_TEST(reads_an_installation)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct report_slot *slot;
    struct fields_error error;
    struct report report;

    ck_assert_msg(decode(installed, &arena, &report, &error) == 0, "%s", error.text);
    ck_assert_int_eq(report.sequence, 42);
    ck_assert_int_eq(report.state_version, 7);
    ck_assert_uint_eq(report.slot_count, 1);
    slot = &report.slots[0];
    ck_assert_str_eq(slot->name, "main");
    ck_assert_str_eq(slot->previous->version, "0.9.0");
    ck_assert_int_eq(slot->gap_us, 184);
    ck_assert_int_eq(slot->duration_ms, 912);
    ck_assert(slot->has_manifest);
    ck_assert_ptr_null(slot->error);
}
END_TEST

START_TEST(what_was_not_measured_is_null)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct fields_error error;
    struct report report;

    ck_assert_int_eq(decode(REPORT("{\"state\":\"removed\",\"gap_us\":null,\"previous\":null}"),
                            &arena, &report, &error),
                     0);
    ck_assert_int_eq(report.slots[0].gap_us, REPORT_GAP_NONE);
    ck_assert_int_eq(report.slots[0].duration_ms, REPORT_GAP_NONE);
    ck_assert_ptr_null(report.slots[0].previous);
    ck_assert_ptr_null(report.slots[0].model);
}
END_TEST

static const char *const whole[] = {
    installed,
    REPORT(
        "{\"state\":\"failed\",\"model\":\"digits\",\"version\":\"2\",\"gap_us\":null,"
        "\"duration_ms\":1,\"error\":{\"code\":\"arbitrary-software\",\"detail\":\"no\\nkey\"}}"),
    REPORT("{\"state\":\"failed\",\"model\":\"digits\",\"version\":\"2\",\"gap_us\":null,"
           "\"duration_ms\":null,\"error\":{\"code\":\"x\"}}"),
    REPORT("{\"state\":\"removed\",\"gap_us\":null,\"duration_ms\":null}"),
    "{" HEAD ",\"sequence\":1,\"slots\":{}," REST "}",
    "{" HEAD ",\"sequence\":1,\"slots\":{},\"serving\":{\"main\":{\"model\":\"digits\","
    "\"version\":\"1.0.0\",\"variant\":\"onnx/cpu/fp32\",\"manifest_sha256\":\"" DIGEST "\"}},"
    "\"detected\":[{\"check\":\"freeze\",\"repository\":\"image\",\"file\":\"timestamp.json\","
    "\"detail\":\"it has expired\",\"time\":\"2026-01-02T03:04:05.678Z\"}]}",
};

START_TEST(writes_what_it_read)
{
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *value = json_loads(whole[i], 0, NULL);
        json_auto_t *again = NULL;
        struct fields_error error;
        struct report report;

        ck_assert_msg(report_decode(value, &arena, &report, &error) == 0, "%s", error.text);
        again = report_encode(&report);
        ck_assert_msg(json_equal(value, again), "%s", json_dumps(again, 0));
    }
}
END_TEST

static const struct {
    const char *json;
    int outcome;
    const char *text;
} refusals[] = {
    {"{" HEAD ",\"slots\":{}," REST "}",                                                       FIELDS_E_INVALID, "sequence: missing"                                                     },
    {"{" HEAD ",\"sequence\":0,\"slots\":{}," REST "}",                                        FIELDS_E_INVALID,
     "sequence: must be from 1 to 9223372036854775807"                                                                                                                                   },
    {"{" HEAD ",\"sequence\":1,\"slots\":{}," REST ",\"color\":1}",                            FIELDS_E_UNKNOWN,
     "color: unknown field"                                                                                                                                                              },
    {"{" HEAD ",\"sequence\":1,\"slots\":{}}",                                                 FIELDS_E_INVALID, "serving: missing"                                                      },
    {"{" HEAD ",\"sequence\":1,\"slots\":{},\"serving\":{},\"detected\":[{\"check\":\"x\"}]}",
     FIELDS_E_INVALID,                                                                                           "detected[0].check: the name of a check, such as \"rollback\", expected"},
    {REPORT("{\"state\":\"broken\"}"),                                                         FIELDS_E_INVALID,
     "slots.main.state: \"installed\", \"failed\" or \"removed\" expected"                                                                                                               },
    {REPORT("{\"state\":\"removed\",\"gap_us\":-1}"),                                          FIELDS_E_INVALID,
     "slots.main.gap_us: must be from 0 to 9223372036854775807"                                                                                                                          },
    {REPORT("{\"state\":\"failed\",\"model\":\"m\",\"version\":\"1\"}"),                       FIELDS_E_INVALID,
     "slots.main: 'error' belongs to the state \"failed\", and only there"                                                                                                               },
    {REPORT("{\"state\":\"removed\",\"error\":{\"code\":\"x\"}}"),                             FIELDS_E_INVALID,
     "slots.main: 'error' belongs to the state \"failed\", and only there"                                                                                                               },
    {REPORT("{\"state\":\"failed\",\"error\":{\"code\":\"x\"}}"),                              FIELDS_E_INVALID,
     "slots.main: 'model' and 'version' are needed unless \"removed\""                                                                                                                   },
    {REPORT("{\"state\":\"installed\",\"model\":\"m\",\"version\":\"1\"}"),                    FIELDS_E_INVALID,
     "slots.main: 'variant' and 'manifest_sha256' are needed where \"installed\""                                                                                                        },
    {REPORT("{\"state\":\"failed\",\"error\":{\"code\":\"Not OK\"}}"),                         FIELDS_E_INVALID,
     "slots.main.error.code: 1 to 64 characters a-z, 0-9, '-' expected"                                                                                                                  },
    {REPORT("{\"state\":\"removed\",\"variant\":\"onnx\"}"),                                   FIELDS_E_INVALID,
     "slots.main.variant: a variant such as \"onnx/cpu/fp32\" expected"                                                                                                                  },
    {REPORT("{\"state\":\"removed\",\"reload\":\"magic\"}"),                                   FIELDS_E_INVALID,
     "slots.main.reload: \"none\", \"watch\", \"notify\", \"signal\", \"restart\" or \"reboot\" "
     "expected"                                                                                                                                                                          },
    {REPORT("{\"state\":\"removed\",\"previous\":{\"model\":\"m\"}}"),                         FIELDS_E_INVALID,
     "slots.main.previous.version: missing"                                                                                                                                              },
    {"{\"_type\":\"modelferry-report\",\"device_id\":\"0123\"}",                               FIELDS_E_INVALID,
     "device_id: a lower-case UUID expected"                                                                                                                                             },
};

START_TEST(says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct fields_error error;
        struct report report;

        ck_assert_msg(decode(refusals[i].json, &arena, &report, &error) == refusals[i].outcome,
                      "%s", refusals[i].json);
        ck_assert_str_eq(error.text, refusals[i].text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/report", reads_an_installation, what_was_not_measured_is_null,
                     writes_what_it_read, says_what_is_wrong);
}
