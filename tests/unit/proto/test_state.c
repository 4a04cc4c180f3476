/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/state.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char whole[] =
    "{\"version\":7,\"slots\":{\"main\":{\"model\":\"digits\",\"version\":\"1.0.0\","
    "\"role\":\"production\",\"variant\":{\"runtime\":\"onnx\",\"hardware\":\"cpu\","
    "\"precision\":\"fp32\"},\"manifest\":{\"sha256\":\"" DIGEST "\",\"length\":812}}}}";

START_TEST(reads_what_it_writes)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = json_loads(whole, 0, NULL);
    json_auto_t *again = NULL;
    const struct state_slot *slot;
    struct fields_error error;
    struct state state;

    ck_assert_int_eq(state_decode(value, &arena, &state, &error), 0);
    ck_assert_int_eq(state.version, 7);
    slot = state_find(&state, "main");
    ck_assert_ptr_nonnull(slot);
    ck_assert_str_eq(slot->model, "digits");
    ck_assert_str_eq(slot->variant.precision, "fp32");
    ck_assert_int_eq(slot->manifest_length, 812);
    ck_assert_ptr_null(state_find(&state, "other"));
    again = state_encode(&state);
    ck_assert(json_equal(value, again));
}
END_TEST

/* Known here or not: it may be newer. Equal states give equal texts, so none is no member. */
START_TEST(a_kind_of_reload_is_carried)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = json_loads(whole, 0, NULL);
    json_auto_t *again = NULL;
    struct fields_error error;
    struct state state;

    ck_assert_int_eq(json_object_set_new(json_object_get(json_object_get(value, "slots"), "main"),
                                         "reload", json_string("dance")),
                     0);
    ck_assert_int_eq(state_decode(value, &arena, &state, &error), 0);
    ck_assert_str_eq(state.slots[0].reload, "dance");
    again = state_encode(&state);
    ck_assert(json_equal(value, again));
    state.slots[0].reload = NULL;
    json_decref(again);
    again = state_encode(&state);
    ck_assert_ptr_null(
        json_object_get(json_object_get(json_object_get(again, "slots"), "main"), "reload"));
}
END_TEST

START_TEST(nothing_assigned_is_version_zero)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct state empty = {0};
    json_auto_t *value = state_encode(&empty);
    AUTO_FREE char *text = json_dumps(value, JSON_COMPACT);
    struct fields_error error;
    struct state state;

    ck_assert_str_eq(text, "{\"version\":0,\"slots\":{}}");
    ck_assert_int_eq(state_decode(value, &arena, &state, &error), 0);
    ck_assert_uint_eq(state.slot_count, 0);
}
END_TEST

START_TEST(members_of_a_newer_server_are_skipped)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = json_loads(whole, 0, NULL);
    struct fields_error error;
    struct state state;

    ck_assert_int_eq(json_object_set_new(value, "later", json_true()), 0);
    ck_assert_int_eq(json_object_set_new(json_object_get(json_object_get(value, "slots"), "main"),
                                         "later", json_true()),
                     0);
    ck_assert_int_eq(state_decode(value, &arena, &state, &error), 0);
}
END_TEST

static const struct {
    const char *from;
    const char *to;
    const char *text;
} damages[] = {
    {"7",              "-1",       "version: must be from 0 to 9223372036854775807"               },
    {"\"main\"",       "\"../x\"",
     "slots[\"../x\"]: bad name: a name of 1 to 63 characters a-z, 0-9, '.', '_', '-', beginning "
     "with a letter or digit, expected"                                                           },
    {"\"production\"", "\"boss\"", "slots.main.role: \"production\" or \"shadow\" expected"       },
    {"\"onnx\"",       "null",     "slots.main.variant.runtime: a string expected"                },
    {"812",            "0",        "slots.main.manifest.length: must be from 1 to 1048576"        },
    {DIGEST,           "00",       "slots.main.manifest.sha256: 64 lower-case hex digits expected"},
};

START_TEST(says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const char *place = strstr(whole, damages[i].from);
        json_auto_t *value = NULL;
        struct fields_error error;
        struct state state;
        char text[1024];

        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - whole), whole, damages[i].to,
                       place + strlen(damages[i].from));
        value = json_loads(text, 0, NULL);
        ck_assert_int_eq(state_decode(value, &arena, &state, &error), FIELDS_E_INVALID);
        ck_assert_str_eq(error.text, damages[i].text);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/state", reads_what_it_writes, a_kind_of_reload_is_carried,
                     nothing_assigned_is_version_zero, members_of_a_newer_server_are_skipped,
                     says_what_is_wrong);
}
