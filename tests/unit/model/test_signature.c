/* SPDX-License-Identifier: Apache-2.0 */
#include "model/signature.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static int decode(const char *text, struct arena *arena, struct signature *ret_signature,
                  struct fields_error *error)
{
    json_error_t syntax;
    json_auto_t *value = json_loads(text, 0, &syntax);

    ck_assert_msg(value != NULL, "%s", syntax.text);
    return signature_decode(value, "signature", arena, ret_signature, error);
}

START_TEST(decodes_and_encodes)
{
    static const char text[] =
        "{\"inputs\":[{\"name\":\"a\",\"type\":\"float32\",\"shape\":[\"N\",64,null]},"
        "{\"name\":\"b\",\"type\":\"int64\"}],\"outputs\":[{\"name\":\"c\",\"type\":\"bool\","
        "\"shape\":[]}]}";
    CLEANUP(arena_release) struct arena arena = {0};
    struct fields_error error = {0};
    struct signature signature;

    ck_assert_msg(decode(text, &arena, &signature, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(signature.input_count, 2);
    ck_assert_str_eq(signature.inputs[0].dims[0].symbol, "N");
    ck_assert_int_eq(signature.inputs[0].dims[1].size, 64);
    ck_assert_int_eq(signature.inputs[0].dims[2].size, SIGNATURE_UNKNOWN_SIZE);
    ck_assert(!signature.inputs[1].ranked);
    ck_assert(signature.outputs[0].ranked);
    json_auto_t *again = signature_encode(&signature);
    json_auto_t *first = json_loads(text, 0, NULL);
    ck_assert(json_equal(first, again));
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"[]",                                                                                 "signature: an object"    },
        {"{}",                                                                                 "inputs: missing"         },
        {"{\"inputs\":[],\"outputs\":[{\"type\":\"bool\"}]}",                                  "outputs[0].name: missing"},
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\",\"type\":\"float\"}]}",                  "float32"                 },
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\\n\",\"type\":\"bool\"}]}",
         "control characters"                                                                                            },
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\",\"type\":\"bool\",\"shape\":3}]}",
         "signature.inputs[0].shape: an array"                                                                           },
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\",\"type\":\"bool\",\"shape\":[-1]}]}",
         "signature.inputs[0].shape[0]"                                                                                  },
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\",\"type\":\"bool\",\"shape\":[\"1\"]}]}",
         "a size, null, or a name"                                                                                       },
        {"{\"outputs\":[],\"inputs\":[{\"name\":\"a\",\"type\":\"bool\"},{\"name\":\"a\","
         "\"type\":\"bool\"}]}",                                                      "'a' is there already"    },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct fields_error error = {0};
        struct signature signature;

        ck_assert_int_eq(decode(rows[i].text, &arena, &signature, &error), FIELDS_E_INVALID);
        ck_assert_msg(strstr(error.text, rows[i].words), "%s", error.text);
    }
}
END_TEST

START_TEST(reads_what_people_write)
{
    static const char *const texts[] = {"image:float32[N,64]", "x:int8", "x:0:int8[]",
                                        "serving_default_x:0:float32[?,3,224,224]"};
    static const char *const bad[] = {
        "image",         ":float32",      "x:float",       "x:float32[",
        "x:float32[,]",  "x:float32[1,]", "x:float32[-1]", "x:float32[1x]",
        "x:float32[1]]", "x\n:float32",   "\xff:float32",  "x:float32[99999999999999999999]"};
    CLEANUP(arena_release) struct arena arena = {0};
    struct signature_tensor tensor;
    struct fields_error error;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ck_assert_msg(signature_parse_tensor(texts[i], &arena, &tensor, &error) == 0, "%s: %s",
                      texts[i], error.text);
        ck_assert_str_eq(signature_tensor_text(&tensor, &arena), texts[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(signature_parse_tensor(bad[i], &arena, &tensor, &error) == FIELDS_E_INVALID,
                      "'%s' is taken", bad[i]);
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/signature", decodes_and_encodes, refuses_what_is_none,
                     reads_what_people_write);
}
