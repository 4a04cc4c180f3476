/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "query/query_print.h"
#include "suite.h"

#include <string.h>

static int parse(enum query_of of, const char *text, struct arena *arena, char *ret_canonical,
                 size_t size, struct query_error *ret_error)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(1 << 20);
    struct query_node *node = NULL;
    int r = query_parse(of, text, arena, &node, ret_error);

    if (r)
        return r;
    query_print(node, &buffer);
    buffer_append_char(&buffer, '\0');
    ck_assert(!buffer.failed && buffer.size <= size);
    memcpy(ret_canonical, buffer.bytes, buffer.size);
    return 0;
}

START_TEST(queries_are_read)
{
    static const struct {
        const char *text;
        const char *canonical;
    } vectors[] = {
        {"",                                          ""                                           },
        {" \t\n",                                     ""                                           },
        {"metrics.accuracy > 0.9",                    "metrics.accuracy > 0.9"                     },
        {"metric.accuracy>0.9",                       "metrics.accuracy > 0.9"                     },
        {"METRICS.F1 <= -1.5e-3",                     "metrics.F1 <= -1.5e-3"                      },
        {"metrics.acc@dataset:street@2 > 1",          "metrics.acc@'dataset:street@2' > 1"         },
        {"metrics.acc@\"my set\" = 1",                "metrics.acc@'my set' = 1"                   },
        {"name = box-detector",                       "model = 'box-detector'"                     },
        {"model like 'box-*' and tags.a!=b",          "model like 'box-*' and tags.a != 'b'"       },
        {"tags.`mlflow.note` <> \"say \"\"hi\"\"\"",  "tags.mlflow.note != 'say \"hi\"'"           },
        {"tags.'a/b-c.d' == 'it''s'",                 "tags.a/b-c.d = 'it''s'"                     },
        {"params.lr > 0.1 and params.lr = '0.1'",     "params.lr > 0.1 and params.lr = '0.1'"      },
        {"params.opt = adam",                         "params.opt = 'adam'"                        },
        {"a",                                         NULL                                         },
        {"runtime in (onnx,tflite , 'x y')",          "runtime in ('onnx', 'tflite', 'x y')"       },
        {"precision not in (int8)",                   "not precision in ('int8')"                  },
        {"variant not like onnx/*",                   "not variant like 'onnx/*'"                  },
        {"alias exists or not tags.x exists",         "alias exists or not tags.x exists"          },
        {"created>=2026-11-01",                       "created >= 2026-11-01"                      },
        {"published < '2026-11-01T10:00:00+02:00'",   "published < 2026-11-01T10:00:00+02:00"      },
        {"state in (draft, archived)",                "state in (draft, archived)"                 },
        {"version = 1.0.0 or alias = a and alias=b",
         "version = '1.0.0' or alias = 'a' and alias = 'b'"                                        },
        {"(version = 1 or alias = a) and alias = b",
         "(version = '1' or alias = 'a') and alias = 'b'"                                          },
        {"alias=a and (alias=b and (alias=c))",       "alias = 'a' and alias = 'b' and alias = 'c'"},
        {"not (alias = a and alias = b)",             "not (alias = 'a' and alias = 'b')"          },
        {"NOT NOT alias = a",                         "not not alias = 'a'"                        },
        {"not(alias = 'and')",                        "not alias = 'and'"                          },
        {"tags.not = 'not' and tags.and like \"or\"", "tags.not = 'not' and tags.and like 'or'"    },
        {"tags.x = 'é' and tags.x = é",             "tags.x = 'é' and tags.x = 'é'"            },
        {"tags.x = ''",                               "tags.x = ''"                                },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct query_error error = {0};
        char canonical[256];
        int r =
            parse(QUERY_VERSIONS, vectors[i].text, &arena, canonical, sizeof(canonical), &error);

        if (!vectors[i].canonical) {
            ck_assert_int_eq(r, QUERY_E_INVALID);
            continue;
        }
        ck_assert_msg(r == 0, "%s: column %zu: %s", vectors[i].text, error.column, error.text);
        ck_assert_str_eq(canonical, vectors[i].canonical);
    }
}
END_TEST

START_TEST(values_are_what_their_field_says)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct query_error error;
    struct query_node *node;

    ck_assert_int_eq(query_parse(QUERY_VERSIONS, "params.a = 1e3", &arena, &node, &error), 0);
    ck_assert(node->values[0].is_number);
    ck_assert_double_eq(node->values[0].number, 1000);
    ck_assert_int_eq(query_parse(QUERY_VERSIONS, "params.a = '1e3'", &arena, &node, &error), 0);
    ck_assert(!node->values[0].is_number);
    ck_assert_int_eq(query_parse(QUERY_VERSIONS, "tags.a = 1", &arena, &node, &error), 0);
    ck_assert(!node->values[0].is_number);
    ck_assert_int_eq(query_parse(QUERY_VERSIONS, "created > 1970-01-02", &arena, &node, &error), 0);
    ck_assert_int_eq(node->values[0].time_ms, 86400000);
}
END_TEST

/* Which character, and what was expected there. */
START_TEST(mistakes_are_pointed_at)
{
    static const struct {
        const char *text;
        size_t column;
        const char *says;
    } vectors[] = {
        {"metrics.accuracy > x",       20, "a number expected"                          },
        {"metrics.accuracy > '0.9'",   20, "a number expected"                          },
        {"metrics.accuracy > 1e999",   20, "a number expected"                          },
        {"metrics.accuracy > ",        20, "the query ends here"                        },
        {"metrics > 0.9",              8,  "a key expected behind 'metrics'"            },
        {"metrics. > 0.9",             9,  "a key expected, not ' '"                    },
        {"tags.`a b` = x",             6,  "a key is 1 to 128 characters"               },
        {"metrics.a@ > 1",             11, "a dataset expected"                         },
        {"metrics.a@'' > 1",           11, "a dataset is"                               },
        {"metrics.a@'x\ny' > 1",       11, "a dataset is"                               },
        {"accuracy > 0.9",             1,  "no field 'accuracy'; there are model"       },
        {"model.x = 1",                6,  "'model' has no keys"                        },
        {"model",                      6,  "one of =, !=, in, <, <=, >, >=, like behind"},
        {"alias > a",                  7,  "one of =, !=, in, like, exists behind"      },
        {"model exists",               7,  "one of ="                                   },
        {"alias not exists",           7,  "one of ="                                   },
        {"created = 2026-11-01",       9,  "one of <, <=, >, >= behind 'created'"       },
        {"created > yesterday",        11, "a time expected"                            },
        {"created > 2026-13-01",       11, "a time expected"                            },
        {"state = gone",               9,  "draft, published, archived or deleted"      },
        {"model = 'x",                 9,  "this ' has no other that closes it"         },
        {"é",                         1,  "a field, such as model"                     },
        {"tags.x = 'é' or é",        17, "a field, such as model"                     },
        {"model = x model = y",        11, "'and' or 'or' expected, not 'model'"        },
        {"model = and",                9,  "quote 'and' where it is one"                },
        {"(model = x",                 11, "'and', 'or' or ) expected"                  },
        {"model = x)",                 10, "'and' or 'or' expected, not ')'"            },
        {"model in x",                 10, "( and a list of values expected"            },
        {"model in ()",                11, "a value, such as 'prod', expected, not ')'" },
        {"model in (x y)",             13, "a comma or ) behind a value expected"       },
        {"model = x;drop table model", 10, "'and' or 'or' expected, not ';'"            },
        {"model = x or",               13, "a field, such as model"                     },
        {"not",                        4,  "a field, such as model"                     },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct query_error error = {0};
        struct query_node *node = NULL;

        ck_assert_msg(query_parse(QUERY_VERSIONS, vectors[i].text, &arena, &node, &error) ==
                          QUERY_E_INVALID,
                      "%s", vectors[i].text);
        ck_assert_ptr_null(node);
        ck_assert_msg(error.column == vectors[i].column, "%s: column %zu: %s", vectors[i].text,
                      error.column, error.text);
        ck_assert_msg(strstr(error.text, vectors[i].says), "%s: %s", vectors[i].text, error.text);
    }
}
END_TEST

START_TEST(models_have_fewer_fields)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct query_error error = {0};
    struct query_node *node = NULL;

    ck_assert_int_eq(query_parse(QUERY_MODELS, "name like 'a*' and tags.x = y and state = active",
                                 &arena, &node, &error),
                     0);
    ck_assert_int_eq(query_parse(QUERY_MODELS, "metrics.a > 1", &arena, &node, &error),
                     QUERY_E_INVALID);
    ck_assert_ptr_null(strstr(error.text, "metrics.KEY"));
    ck_assert_int_eq(query_parse(QUERY_MODELS, "state = draft", &arena, &node, &error),
                     QUERY_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "active or archived"));
}
END_TEST

/* text repeated n times, with something in front and behind. */
static const char *repeat(struct arena *arena, const char *text, size_t count, const char *end)
{
    char *all = arena_alloc(arena, strlen(text) * count + strlen(end) + 1);

    for (size_t i = 0; i < count; i++)
        (void)strcat(all, text);
    return strcat(all, end);
}

static int parses(struct arena *arena, const char *text, struct query_error *error)
{
    struct query_node *node;

    return query_parse(QUERY_VERSIONS, text, arena, &node, error);
}

START_TEST(size_depth_terms_and_values_are_bounded)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct query_error error;

    ck_assert_int_eq(parses(&arena, repeat(&arena, "alias=a or ", 31, "alias=a"), &error), 0);
    ck_assert_int_eq(parses(&arena, repeat(&arena, "alias=a or ", 32, "alias=a"), &error),
                     QUERY_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "at most 32 conditions"));
    ck_assert_int_eq(parses(&arena, repeat(&arena, "not ", 15, "alias=a"), &error), 0);
    ck_assert_int_eq(parses(&arena, repeat(&arena, "not ", 16, "alias=a"), &error),
                     QUERY_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "at most 16 levels"));
    ck_assert_int_eq(parses(&arena, repeat(&arena, "(", 4000, "alias=a"), &error), QUERY_E_INVALID);
    ck_assert_int_eq(parses(&arena,
                            arena_printf(&arena, "alias in (%s", repeat(&arena, "a,", 63, "a)")),
                            &error),
                     0);
    ck_assert_int_eq(parses(&arena,
                            arena_printf(&arena, "alias in (%s", repeat(&arena, "a,", 64, "a)")),
                            &error),
                     QUERY_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "at most 64 values"));
    ck_assert_int_eq(parses(&arena, repeat(&arena, " ", QUERY_BYTES_MAX, ""), &error), 0);
    ck_assert_int_eq(parses(&arena, repeat(&arena, " ", QUERY_BYTES_MAX + 1, ""), &error),
                     QUERY_E_INVALID);
    ck_assert_int_eq(parses(&arena, "alias = '\xff'", &error), QUERY_E_INVALID);
}
END_TEST

START_TEST(orders_are_read)
{
    static const struct {
        const char *text;
        const char *canonical;
        size_t column;
    } vectors[] = {
        {"",                      "",                      0 },
        {"metrics.accuracy DESC", "metrics.accuracy desc", 0 },
        {" name ",                "model asc",             0 },
        {"tags.'a'  asc",         "tags.a asc",            0 },
        {"metrics.f1@d desc",     "metrics.f1@'d' desc",   0 },
        {"created down",          NULL,                    9 },
        {"created desc, name",    NULL,                    13},
        {"stars",                 NULL,                    1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        CLEANUP(buffer_release) struct buffer buffer = BUFFER(1000);
        struct query_error error = {0};
        struct query_order order;
        int r = query_parse_order(QUERY_VERSIONS, vectors[i].text, &arena, &order, &error);

        ck_assert_int_eq(error.column > 1 || r, vectors[i].canonical == NULL);
        if (r) {
            ck_assert_uint_eq(error.column, vectors[i].column);
            continue;
        }
        ck_assert_int_eq(order.by_age, !*vectors[i].canonical);
        query_print_order(&order, &buffer);
        buffer_append_char(&buffer, '\0');
        ck_assert_str_eq(buffer.bytes, vectors[i].canonical);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("query/query", queries_are_read, values_are_what_their_field_says,
                     mistakes_are_pointed_at, models_have_fewer_fields,
                     size_depth_terms_and_values_are_bounded, orders_are_read);
}
