/* SPDX-License-Identifier: Apache-2.0 */
#include "format/info.h"

#include "base/cleanup.h"
#include "format/info_json.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* A draft over a file of these bytes. */
struct desk {
    struct arena arena;
    struct view view;
    struct fault fault;
    struct info_draft draft;
};

static void desk_release(struct desk *desk)
{
    view_release(&desk->view);
    arena_release(&desk->arena);
}

static void desk_init(struct desk *desk, const void *bytes, size_t size)
{
    struct source source = source_memory(bytes, size);

    view_init(&desk->view, &source, NULL, &desk->fault);
    desk->draft = (struct info_draft){.arena = &desk->arena, .info = {.format = "onnx"}};
}

START_TEST(cleans_names)
{
    static const char bytes[] = "a\x01\xff\xc3\xa9\0z";
    CLEANUP(desk_release) struct desk desk = {0};
    const char *name;

    desk_init(&desk, bytes, sizeof(bytes) - 1);
    ck_assert_int_eq(info_name(&desk.draft, &desk.view, 0, 7, &name), 0);
    ck_assert_str_eq(name, "a??\xc3\xa9?z");
}
END_TEST

START_TEST(refuses_long_names_and_cuts_long_prose)
{
    CLEANUP(desk_release) struct desk desk = {0};
    char bytes[3000];
    const char *text;

    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes + INFO_PROSE_MAX - 1, "\xc3\xa9", 2);
    desk_init(&desk, bytes, sizeof(bytes));
    ck_assert_int_eq(info_name(&desk.draft, &desk.view, 0, INFO_NAME_MAX + 1, &text),
                     FAULT_E_LIMIT);
    ck_assert_int_eq(info_prose(&desk.draft, &desk.view, 0, 3000, &text), 0);
    ck_assert_uint_eq(strlen(text), INFO_PROSE_MAX - 1);
    ck_assert_int_eq(info_prose(&desk.draft, &desk.view, 0, 3001, &text), FAULT_E_TRUNCATED);
}
END_TEST

START_TEST(bounds_all_texts_together)
{
    CLEANUP(desk_release) struct desk desk = {0};
    char bytes[INFO_NAME_MAX];
    const char *text;
    unsigned count = 0;

    memset(bytes, 'x', sizeof(bytes));
    desk_init(&desk, bytes, sizeof(bytes));
    while (count < 1000 && !info_name(&desk.draft, &desk.view, 0, sizeof(bytes), &text))
        count++;
    ck_assert_uint_eq(count, INFO_TEXT_MAX / INFO_NAME_MAX);
    ck_assert_int_eq(desk.fault.outcome, FAULT_E_LIMIT);
}
END_TEST

START_TEST(bounds_every_list)
{
    CLEANUP(desk_release) struct desk desk = {0};
    struct info_draft *draft = &desk.draft;
    struct info_tensor *tensor;
    char key[16];

    desk_init(&desk, "", 0);
    for (size_t i = 0; i < INFO_TENSORS_MAX; i++)
        ck_assert_int_eq(info_add_tensor(draft, &desk.view, &draft->info.inputs, 0, &tensor), 0);
    ck_assert_int_eq(info_add_tensor(draft, &desk.view, &draft->info.inputs, 0, &tensor),
                     FAULT_E_LIMIT);
    for (size_t i = 0; i < INFO_RANK_MAX; i++)
        ck_assert_int_eq(info_add_dim(draft, &desk.view, tensor, 0, (struct info_dim){1, NULL}), 0);
    ck_assert_int_eq(info_add_dim(draft, &desk.view, tensor, 0, (struct info_dim){1, NULL}),
                     FAULT_E_LIMIT);
    for (int64_t i = 0; i < INFO_OPSETS_MAX; i++)
        ck_assert_int_eq(info_add_opset(draft, &desk.view, 0, (struct info_opset){"", i}), 0);
    ck_assert_int_eq(info_add_opset(draft, &desk.view, 0, (struct info_opset){"", 1}),
                     FAULT_E_LIMIT);
    for (size_t i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof(key), "k%zu", i);
        info_set(draft, arena_strdup(&desk.arena, key), "");
        info_warn(draft, "%s", key);
        info_warn(draft, "%s", key);
    }
    ck_assert_uint_eq(draft->info.property_count, INFO_PROPERTIES_MAX);
    ck_assert_uint_eq(draft->info.warning_count, INFO_WARNINGS_MAX);
    ck_assert_str_eq(draft->info.warnings[15], "k15");
}
END_TEST

START_TEST(adds_up_weights)
{
    CLEANUP(desk_release) struct desk desk = {0};
    struct info_draft *draft = &desk.draft;

    desk_init(&desk, "", 0);
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "float32", 900), 0);
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "int8", 10), 0);
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "uint8", 20), 0);
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "int8", 15), 0);
    info_finish(draft);
    ck_assert_int_eq(draft->info.parameters, 945);
    ck_assert_uint_eq(draft->info.weight_count, 3);
    ck_assert_int_eq(draft->info.weights[1].tensors, 2);
    ck_assert_str_eq(draft->info.quantisation, "int8");
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "int8", INT64_MAX), FAULT_E_DAMAGED);
    ck_assert_int_eq(info_add_weights(draft, &desk.view, 0, "int8", UINT64_MAX), FAULT_E_DAMAGED);
}
END_TEST

START_TEST(keeps_the_most_that_a_file_must_have)
{
    CLEANUP(desk_release) struct desk desk = {0};
    struct info_draft *draft = &desk.draft;

    desk_init(&desk, "", 0);
    ck_assert_int_eq(info_add_file(draft, &desk.view, 0, "w", 10), 0);
    ck_assert_int_eq(info_add_file(draft, &desk.view, 0, "w", 30), 0);
    ck_assert_int_eq(info_add_file(draft, &desk.view, 0, "w", 20), 0);
    ck_assert_uint_eq(draft->info.file_count, 1);
    ck_assert_int_eq(draft->info.files[0].length, 30);
    ck_assert_int_eq(info_add_file(draft, &desk.view, 0, "w", UINT64_MAX), FAULT_E_DAMAGED);
}
END_TEST

START_TEST(shows_shapes)
{
    struct info_dim dims[] = {
        {1,                 NULL},
        {INFO_UNKNOWN_SIZE, "N" },
        {INFO_UNKNOWN_SIZE, NULL}
    };
    struct info_tensor tensor = {.dims = dims, .rank = 3, .ranked = true};
    CLEANUP(arena_release) struct arena arena = {0};

    ck_assert_str_eq(info_shape_text(&tensor, &arena), "[1,N,?]");
    tensor.rank = 0;
    ck_assert_str_eq(info_shape_text(&tensor, &arena), "[]");
    tensor.ranked = false;
    ck_assert_str_eq(info_shape_text(&tensor, &arena), "any shape");
}
END_TEST

START_TEST(decodes_what_a_newer_server_says)
{
    static const char *const good[] = {
        "{\"format\":\"new\",\"more\":1}",
        "{\"format\":\"onnx\",\"inputs\":[{\"name\":\"\",\"type\":\"x\",\"new\":{}}]}",
    };
    static const char *const bad[] = {
        "{}",
        "{\"format\":\"onnx\",\"inputs\":[{\"name\":\"a\",\"type\":\"x\",\"shape\":[-1]}]}",
        "{\"format\":\"onnx\",\"inputs\":[{\"name\":\"a\",\"type\":\"x\",\"shape\":{}}]}",
        "{\"format\":\"onnx\",\"parameters\":\"many\"}",
    };
    CLEANUP(arena_release) struct arena arena = {0};
    struct format_info info;
    struct fields_error error;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        json_auto_t *value = json_loads(good[i], 0, NULL);

        ck_assert_msg(info_json_decode(value, &arena, &info, &error) == 0, "%s", error.text);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_auto_t *value = json_loads(bad[i], 0, NULL);

        ck_assert_int_eq(info_json_decode(value, &arena, &info, &error), FIELDS_E_INVALID);
    }
}
END_TEST

START_TEST(bounds_its_text)
{
    CLEANUP(desk_release) struct desk desk = {0};
    struct info_draft *draft = &desk.draft;
    const char *text;

    desk_init(&desk, "", 0);
    ck_assert_int_eq(info_json_text(&draft->info, &desk.arena, &text), 0);
    for (size_t i = 0; i < INFO_TENSORS_MAX; i++) {
        struct info_tensor *tensor;

        ck_assert_int_eq(info_add_tensor(draft, &desk.view, &draft->info.inputs, 0, &tensor), 0);
        for (size_t j = 0; j < INFO_RANK_MAX; j++)
            ck_assert_int_eq(
                info_add_dim(draft, &desk.view, tensor, 0, (struct info_dim){INT64_MAX, NULL}), 0);
    }
    ck_assert_int_eq(info_json_text(&draft->info, &desk.arena, &text), FAULT_E_LIMIT);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/info", cleans_names, refuses_long_names_and_cuts_long_prose,
                     bounds_all_texts_together, bounds_every_list, adds_up_weights,
                     keeps_the_most_that_a_file_must_have, shows_shapes,
                     decodes_what_a_newer_server_says, bounds_its_text);
}
