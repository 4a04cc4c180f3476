/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plan.h"

#include "world.h"

#include "crypto/text.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FP32 "onnx/cpu/fp32"
#define INT8 "onnx/cpu/int8"

static struct state_slot want_of(const char *manifest, const char *role)
{
    struct state_slot want = {
        .name = "main",
        .model = "digits",
        .version = "1.0.0",
        .role = role,
        .variant = {"onnx", "cpu", "fp32"}
    };

    ck_assert(text_unhex(manifest, want.manifest_sha256, DIGEST_SHA256_SIZE));
    return want;
}

START_TEST(decides_by_what_there_is)
{
    static const struct {
        struct plan_have have; /* state version 7 asks for A, fp32 */
        enum plan_action action;
    } rows[] = {
        {{"main", A, FP32, true, "", 0},     PLAN_KEEP   },
        {{"main", A, FP32, true, NULL, 0},   PLAN_KEEP   },
        {{"main", A, FP32, false, "", 0},    PLAN_ADOPT  },
        {{"main", A, FP32, true, B, 7},      PLAN_ADOPT  },
        {{"main", A, FP32, true, B, 6},      PLAN_ADOPT  },
        {{"main", A, INT8, true, "", 0},     PLAN_INSTALL},
        {{"main", B, FP32, true, "", 0},     PLAN_INSTALL},
        {{"main", NULL, NULL, false, "", 0}, PLAN_INSTALL},
        {{"main", B, FP32, true, A, 7},      PLAN_SKIP   },
        {{"main", B, FP32, true, A, 6},      PLAN_INSTALL},
        {{"main", NULL, NULL, true, A, 7},   PLAN_SKIP   },
        {{"main", A, FP32, true, A, 7},      PLAN_SKIP   }, /* a first version whose reload failed */
        {{"main", A, FP32, true, A, 6},      PLAN_INSTALL},
        {{"other", B, FP32, false, "", 0},   PLAN_INSTALL}, /* there is no `main` yet */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct state_slot want = want_of(A, "production");
        struct state state = {.version = 7, .slots = &want, .slot_count = 1};
        struct plan_step *steps;
        size_t count;

        plan_make(&state, &rows[i].have, 1, &arena, &steps, &count);
        ck_assert_uint_eq(count, 1);
        ck_assert_msg(steps[0].action == rows[i].action, "row %zu: %d", i, (int)steps[0].action);
        ck_assert_ptr_eq(steps[0].want, &want);
    }
}
END_TEST

START_TEST(leaves_shadows_alone)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct state_slot want = want_of(A, "shadow");
    struct state state = {.version = 7, .slots = &want, .slot_count = 1};
    struct plan_step *steps;
    size_t count;

    plan_make(&state, NULL, 0, &arena, &steps, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(steps[0].action, PLAN_KEEP);
}
END_TEST

START_TEST(releases_what_is_no_longer_asked_for_once)
{
    CLEANUP(arena_release) struct arena arena = {0};
    static const struct plan_have have[] = {
        {"old",   A, FP32, true,  "", 0},
        {"older", B, FP32, false, "", 0},
    };
    struct state state = {.version = 7};
    struct plan_step *steps;
    size_t count;

    plan_make(&state, have, 2, &arena, &steps, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(steps[0].action, PLAN_RELEASE);
    ck_assert_str_eq(steps[0].slot, "old");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/plan");
    TCase *tcase = tcase_create("plan");

    tcase_add_test(tcase, decides_by_what_there_is);
    tcase_add_test(tcase, leaves_shadows_alone);
    tcase_add_test(tcase, releases_what_is_no_longer_asked_for_once);
    return world_run(suite, tcase);
}
