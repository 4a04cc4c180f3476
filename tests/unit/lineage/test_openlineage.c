/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/openlineage.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define UUID "0190f1d2-9c1b-7e3c-9a5e-0123456789ab"
#define BASE "\"eventTime\":\"2026-01-02T03:04:05.678Z\",\"producer\":\"https://tool\""
#define RUN "\"run\":{\"runId\":\"" UUID "\"}"
#define JOB "\"job\":{\"namespace\":\"n\",\"name\":\"j\"}"

static int parse(const char *text, struct arena *arena, struct openlineage_event *ret_event,
                 struct fields_error *ret_error)
{
    return openlineage_parse(text, strlen(text), arena, ret_event, ret_error);
}

START_TEST(a_run_event_is_read_with_the_facets_that_matter)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error;

    ck_assert_int_eq(
        parse("{" BASE ",\"schemaURL\":\"" OPENLINEAGE_SPEC "RunEvent\",\"eventType\":\"COMPLETE\","
              "\"run\":{\"runId\":\"" UUID "\",\"facets\":{\"parent\":{\"run\":{\"runId\":\"" UUID
              "\"},\"job\":{\"namespace\":\"p\",\"name\":\"q\"}},\"own\":{\"x\":[1.50,1e3]}}},"
              "\"job\":{\"namespace\":\"n\",\"name\":\"j\",\"facets\":{\"sourceCodeLocation\":"
              "{\"type\":\"git\",\"url\":\"u\",\"repoUrl\":\"r\",\"version\":\"abc\"}}},"
              "\"inputs\":[{\"namespace\":\"s\",\"name\":\"d\",\"facets\":{\"version\":"
              "{\"_producer\":\"p\",\"datasetVersion\":\"7\"}},\"inputFacets\":{\"q\":{}}}],"
              "\"outputs\":[{\"namespace\":\"s\",\"name\":\"e\"}]}",
              &arena, &event, &error),
        0);
    ck_assert_int_eq(event.kind, OPENLINEAGE_RUN_EVENT);
    ck_assert_str_eq(event.type, "COMPLETE");
    ck_assert_int_eq(event.time_ms, 1767323045678);
    ck_assert_str_eq(event.run.id, UUID);
    ck_assert_str_eq(event.run.parent_id, UUID);
    ck_assert_str_eq(event.run.parent_job_name, "q");
    ck_assert_uint_eq(event.run.facets.count, 2);
    ck_assert_str_eq(event.job.repository, "r");
    ck_assert_str_eq(event.job.revision, "abc");
    ck_assert_uint_eq(event.input_count, 1);
    ck_assert_str_eq(event.inputs[0].version, "7");
    ck_assert_str_eq(event.inputs[0].input_facets.facets[0].name, "q");
    ck_assert_ptr_null(event.outputs[0].version);
    ck_assert_uint_eq(openlineage_count_facets(&event), 5);
}
END_TEST

START_TEST(the_kind_is_what_the_schema_says_or_what_is_there)
{
    static const struct {
        const char *text;
        enum openlineage_kind kind;
    } vectors[] = {
        {"{" BASE "," RUN "," JOB "}",                                             OPENLINEAGE_RUN_EVENT    },
        {"{" BASE ",\"dataset\":{\"namespace\":\"s\",\"name\":\"d\"}}",            OPENLINEAGE_DATASET_EVENT},
        {"{" BASE "," JOB ",\"inputs\":null}",                                     OPENLINEAGE_JOB_EVENT    },
        {"{" BASE "," RUN "," JOB ",\"schemaURL\":\"https://x#/$defs/JobEvent\"}",
         OPENLINEAGE_JOB_EVENT                                                                              },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct openlineage_event event;
        struct fields_error error;

        ck_assert_int_eq(parse(vectors[i].text, &arena, &event, &error), 0);
        ck_assert_int_eq(event.kind, vectors[i].kind);
    }
}
END_TEST

START_TEST(what_is_deleted_says_nothing)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error;

    ck_assert_int_eq(
        parse("{" BASE ",\"run\":{\"runId\":\"" UUID "\",\"facets\":{\"parent\":{\"_deleted\":true,"
              "\"run\":{\"runId\":\"" UUID "\"}}}},"
              "\"job\":{\"namespace\":\"n\",\"name\":\"j\",\"facets\":{\"sourceCodeLocation\":"
              "{\"_deleted\":true,\"url\":\"u\",\"version\":\"v\"}}},"
              "\"inputs\":[{\"namespace\":\"s\",\"name\":\"d\",\"facets\":{\"version\":"
              "{\"_deleted\":true,\"datasetVersion\":\"7\"}}}]}",
              &arena, &event, &error),
        0);
    ck_assert_ptr_null(event.run.parent_id);
    ck_assert_ptr_null(event.job.repository);
    ck_assert_ptr_null(event.inputs[0].version);
    ck_assert(event.inputs[0].facets.facets[0].deleted);
}
END_TEST

START_TEST(a_malformed_event_is_answered_with_the_field)
{
    static const struct {
        const char *text;
        const char *pointer;
    } vectors[] = {
        {"[]",                                                             ""                                        },
        {"{}",                                                             "/eventTime"                              },
        {"{\"eventTime\":\"yesterday\"}",                                  "/eventTime"                              },
        {"{\"eventTime\":\"2026-01-02T03:04:05\"}",                        "/eventTime"                              },
        {"{\"eventTime\":\"2026-01-02T03:04:05Z\"}",                       "/producer"                               },
        {"{\"eventTime\":\"2026-01-02T03:04:05Z\",\"producer\":\"a b\"}",  "/producer"                               },
        {"{" BASE "}",                                                     "/run"                                    },
        {"{" BASE ",\"eventType\":\"DONE\"," RUN "," JOB "}",              "/eventType"                              },
        {"{" BASE ",\"run\":{}," JOB "}",                                  "/run/runId"                              },
        {"{" BASE ",\"run\":{\"runId\":\"17\"}," JOB "}",                  "/run/runId"                              },
        {"{" BASE "," RUN "}",                                             "/job"                                    },
        {"{" BASE "," RUN ",\"job\":{\"namespace\":\"n\"}}",               "/job/name"                               },
        {"{" BASE "," RUN ",\"job\":{\"namespace\":\"\",\"name\":\"j\"}}", "/job/namespace"                          },
        {"{" BASE "," RUN "," JOB ",\"inputs\":{}}",                       "/inputs"                                 },
        {"{" BASE "," RUN "," JOB ",\"inputs\":[{\"namespace\":\"s\",\"name\":\"d\"},"
         "{\"namespace\":7,\"name\":\"d\"}]}",                    "/inputs/1/namespace"                     },
        {"{" BASE "," RUN "," JOB ",\"outputs\":[{\"namespace\":\"s\",\"name\":\"d\","
         "\"facets\":{\"a/b~c\":7}}]}",                           "/outputs/0/facets/a~1b~0c"               },
        {"{" BASE "," RUN "," JOB ",\"outputs\":[{\"namespace\":\"s\",\"name\":\"d\","
         "\"facets\":{\"version\":{\"datasetVersion\":7}}}]}",    "/outputs/0/facets/version/datasetVersion"},
        {"{" BASE ",\"dataset\":{\"name\":\"d\"}}",                        "/dataset/namespace"                      },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct openlineage_event event;
        struct fields_error error = {0};

        ck_assert_int_eq(parse(vectors[i].text, &arena, &event, &error), OPENLINEAGE_E_INVALID);
        ck_assert_str_eq(error.pointer, vectors[i].pointer);
        ck_assert_uint_gt(strlen(error.text), 0);
    }
}
END_TEST

START_TEST(what_is_no_json_is_answered_with_the_place)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error = {0};
    char deep[256];

    ck_assert_int_eq(parse("{\"a\":\n1,}", &arena, &event, &error), OPENLINEAGE_E_SYNTAX);
    ck_assert_uint_eq(error.line, 2);
    ck_assert_int_eq(parse("", &arena, &event, &error), OPENLINEAGE_E_SYNTAX);
    ck_assert_int_eq(parse("{\"a\":1,\"a\":1}", &arena, &event, &error), OPENLINEAGE_E_SYNTAX);
    memset(deep, '[', sizeof(deep));
    ck_assert_int_eq(openlineage_parse(deep, sizeof(deep), &arena, &event, &error),
                     OPENLINEAGE_E_SYNTAX);
    ck_assert_uint_eq(error.column, OPENLINEAGE_DEPTH_MAX + 1);
}
END_TEST

START_TEST(counts_are_bounded)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error = {0};
    AUTO_FREE char *text = malloc(OPENLINEAGE_EVENT_MAX + 1);
    size_t size = (size_t)sprintf(text, "{" BASE "," RUN "," JOB ",\"inputs\":[");

    for (int i = 0; i <= OPENLINEAGE_DATASETS_MAX; i++)
        size += (size_t)sprintf(text + size, "%s{\"namespace\":\"s\",\"name\":\"d%d\"}",
                                i ? "," : "", i);
    (void)sprintf(text + size, "]}");
    ck_assert_int_eq(parse(text, &arena, &event, &error), OPENLINEAGE_E_INVALID);
    ck_assert_str_eq(error.pointer, "/inputs");

    size = (size_t)sprintf(text, "{" BASE "," RUN "," JOB ",\"inputs\":[");
    for (int i = 0; i < 100; i++) {
        size += (size_t)sprintf(text + size, "%s{\"namespace\":\"s\",\"name\":\"d\",\"facets\":{",
                                i ? "," : "");
        for (int j = 0; j < OPENLINEAGE_FACETS_MAX; j++)
            size += (size_t)sprintf(text + size, "%s\"f%d\":{}", j ? "," : "", j);
        size += (size_t)sprintf(text + size, "}}");
    }
    (void)sprintf(text + size, "]}");
    ck_assert_int_eq(parse(text, &arena, &event, &error), OPENLINEAGE_E_INVALID);

    memset(text, ' ', OPENLINEAGE_EVENT_MAX + 1);
    ck_assert_int_eq(openlineage_parse(text, OPENLINEAGE_EVENT_MAX + 1, &arena, &event, &error),
                     OPENLINEAGE_E_INVALID);
}
END_TEST

START_TEST(a_batch_is_cut_into_its_events)
{
    static const struct {
        const char *text;
        const char *joined; /* the slices with '|' between them; NULL: no batch */
    } vectors[] = {
        {"[]",                             ""                           },
        {" [ ] ",                          ""                           },
        {"[1]",                            "1"                          },
        {"[{\"a\":[1,2]}, {\"b\":\",\"}]", "{\"a\":[1,2]}|{\"b\":\",\"}"},
        {"[\"\\\"],[\", {}]",              "\"\\\"],[\"|{}"             },
        {"[1,]",                           "1|"                         },
        {"[,]",                            "|"                          },
        {"",                               NULL                         },
        {"{}",                             NULL                         },
        {"[",                              NULL                         },
        {"[1",                             NULL                         },
        {"[1] x",                          NULL                         },
        {"[1]]",                           NULL                         },
        {"[\"",                            NULL                         },
        {"[\"\\",                          NULL                         },
        {"[1}",                            NULL                         },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct openlineage_slice *slices;
        struct fields_error error = {0};
        char joined[64] = "";
        size_t count = 0;
        int r = openlineage_split(vectors[i].text, strlen(vectors[i].text), &arena, &slices, &count,
                                  &error);

        ck_assert_msg(r == (vectors[i].joined ? 0 : OPENLINEAGE_E_SYNTAX), "'%s'", vectors[i].text);
        for (size_t j = 0; r == 0 && j < count; j++) {
            if (j)
                strcat(joined, "|");
            strncat(joined, slices[j].bytes, slices[j].size);
        }
        if (r == 0)
            ck_assert_str_eq(joined, vectors[i].joined);
    }
}
END_TEST

START_TEST(a_batch_is_bounded)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_slice *slices;
    struct fields_error error = {0};
    char text[2 * (OPENLINEAGE_BATCH_EVENTS_MAX + 1) + 1];
    size_t count = 0;

    memset(text, '1', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i += 2)
        text[i] = ',';
    text[0] = '[';
    text[sizeof(text) - 1] = ']';
    ck_assert_int_eq(openlineage_split(text, sizeof(text), &arena, &slices, &count, &error),
                     OPENLINEAGE_E_INVALID);
    text[sizeof(text) - 3] = ']';
    ck_assert_int_eq(openlineage_split(text, sizeof(text) - 2, &arena, &slices, &count, &error), 0);
    ck_assert_uint_eq(count, OPENLINEAGE_BATCH_EVENTS_MAX);
}
END_TEST

int main(void)
{
    return SUITE_RUN("lineage/openlineage", a_run_event_is_read_with_the_facets_that_matter,
                     the_kind_is_what_the_schema_says_or_what_is_there,
                     what_is_deleted_says_nothing, a_malformed_event_is_answered_with_the_field,
                     what_is_no_json_is_answered_with_the_place, counts_are_bounded,
                     a_batch_is_cut_into_its_events, a_batch_is_bounded);
}
