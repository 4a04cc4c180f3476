/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/claims.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define UUID "0190f1d2-9c1b-7e3c-9a5e-0123456789ab"
#define PARENT "0190f1d2-9c1b-7e3c-9a5e-ba9876543210"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BASE "\"eventTime\":\"2026-01-02T03:04:05.678Z\",\"producer\":\"https://tool\""
#define RUN "\"run\":{\"runId\":\"" UUID "\"}"
#define JOB "\"job\":{\"namespace\":\"n\",\"name\":\"j\"}"
#define DATASET(space, name) "{\"namespace\":\"" space "\",\"name\":\"" name "\"}"
#define VERSIONED(space, name, version)                                                            \
    "{\"namespace\":\"" space "\",\"name\":\"" name                                                \
    "\",\"facets\":{\"version\":{\"datasetVersion\":\"" version "\"}}}"

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The edges as lines "source kind target", sorted. */
static const char *edges_of(const char *text, struct arena *arena)
{
    struct openlineage_event event;
    struct fields_error error = {0};
    struct claims claims;
    const char **lines;
    const char *joined = "";

    ck_assert_msg(openlineage_parse(text, strlen(text), arena, &event, &error) == 0, "%s: %s", text,
                  error.text);
    claims_derive(&event, arena, &claims);
    lines = arena_array(arena, claims.edge_count + 1, sizeof(*lines));
    for (size_t i = 0; i < claims.edge_count; i++)
        lines[i] = arena_printf(arena, "%s %s %s\n", claims.nodes[claims.edges[i].source].ref,
                                claims_edge_name(claims.edges[i].kind),
                                claims.nodes[claims.edges[i].target].ref);
    qsort(lines, claims.edge_count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < claims.edge_count; i++)
        joined = arena_printf(arena, "%s%s", joined, lines[i]);
    return joined;
}

START_TEST(an_event_says_what_flows_where)
{
    static const struct {
        const char *text;
        const char *edges;
    } vectors[] = {
        {"{" BASE "," RUN "," JOB "}",                                  "job:n#j job run:" UUID "\n"                   },
        {                                                      "{" BASE "," RUN "," JOB ",\"inputs\":[" DATASET("s", "a") "," VERSIONED(
             "s",                                                                       "b", "7") "],\"outputs\":[" DATASET("s", "c") "," VERSIONED("s", "d", "8") "]}",
         "dataset:s#a read-any run:" UUID "\n"
         "dataset:s#b version-of dataset:s#b@7\n"
         "dataset:s#b@7 read run:" UUID "\n"
         "dataset:s#d version-of dataset:s#d@8\n"
         "job:n#j job run:" UUID "\n"
         "run:" UUID " write dataset:s#d@8\n"
         "run:" UUID " write-any dataset:s#c\n"},
        {                                "{" BASE "," RUN "," JOB
         ",\"inputs\":[" DATASET("modelferry:artifacts",                                                                                 HEX) "," VERSIONED(
             "modelferry:models",                                                                       "digits",
         "1.0.0") "," DATASET("modelferry:models",
         "digits@2/onnx/cpu/fp32") "," DATASET("modelferry:models",
         "nonsense") "]}",
         "artifact:" HEX " read run:" UUID "\n"
         "dataset:modelferry:models#nonsense read-any run:" UUID "\n"
         "job:n#j job run:" UUID "\n"
         "model:digits@1.0.0 read run:" UUID "\n"
         "model:digits@2/onnx/cpu/fp32 read run:" UUID "\n"},
        {                                                                      "{" BASE ",\"run\":{\"runId\":\"" UUID
         "\",\"facets\":{\"parent\":{\"run\":{\"runId\":\"" PARENT
         "\"},\"job\":{\"namespace\":\"p\",\"name\":\"q\"}}}},"
         "\"job\":{\"namespace\":\"n\",\"name\":\"j\",\"facets\":{\"sourceCodeLocation\":"
         "{\"repoUrl\":\"https://r\",\"version\":\"abc\"}}}}",                                                                                           "code:https://r@abc code run:" UUID "\n"
         "job:n#j job run:" UUID "\n"
         "job:p#q job run:" PARENT "\n"
         "run:" UUID " part-of run:" PARENT "\n"                                                     },
        {                                                                                                                                                      "{" BASE "," JOB
         ",\"inputs\":[" DATASET("s",                                                                                                                                                                          "a") "],\"outputs\":[" VERSIONED("s", "b", "1") "]}",
         "dataset:s#a declared job:n#j\n"
         "dataset:s#b version-of dataset:s#b@1\n"
         "job:n#j declared dataset:s#b@1\n"},
        { "{" BASE ",\"dataset\":" VERSIONED("s",                  "a",                                                                                                "1") "}",
         "dataset:s#a version-of dataset:s#a@1\n"},
        {                                                                                                                                    "{" BASE "," RUN "," JOB ",\"inputs\":[" DATASET("s",                                                                                                                                                                                        "a") "," DATASET("s","a") "]}",
         "dataset:s#a read-any run:" UUID "\n"
         "job:n#j job run:" UUID "\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};

        ck_assert_str_eq(edges_of(vectors[i].text, &arena), vectors[i].edges);
    }
}
END_TEST

START_TEST(facets_are_found_again_by_their_pointer)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error = {0};
    struct claims claims;
    static const char text[] =
        "{" BASE ",\"run\":{\"runId\":\"" UUID "\",\"facets\":{\"a/b\":{}}}," JOB ",\"outputs\":["
        "{\"namespace\":\"s\",\"name\":\"d\",\"facets\":{\"c\":{\"_deleted\":true}},"
        "\"outputFacets\":{\"e\":{}}}]}";

    ck_assert_int_eq(openlineage_parse(text, strlen(text), &arena, &event, &error), 0);
    claims_derive(&event, &arena, &claims);
    ck_assert_uint_eq(claims.facet_count, 3);
    ck_assert_str_eq(claims.facets[0].path, "/run/facets/a~1b");
    ck_assert_str_eq(claims.facets[0].name, "a/b");
    ck_assert_uint_eq(claims.facets[0].node, claims.run);
    ck_assert_str_eq(claims.facets[1].path, "/outputs/0/facets/c");
    ck_assert(claims.facets[1].deleted);
    ck_assert_str_eq(claims.facets[2].path, "/outputs/0/outputFacets/e");
    ck_assert_int_eq(claims.facets[2].scope, CLAIMS_OUTPUT);
    ck_assert_uint_eq(claims.facets[2].node, claims.run);
    ck_assert_str_eq(claims.nodes[claims.facets[2].other].ref, "dataset:s#d");
}
END_TEST

START_TEST(the_largest_event_is_taken)
{
    CLEANUP(arena_release) struct arena arena = {.ceiling_bytes = (size_t)256 << 20};
    CLEANUP(buffer_release) struct buffer text = BUFFER(OPENLINEAGE_EVENT_MAX);
    struct openlineage_event event;
    struct fields_error error = {0};
    struct claims claims;

    buffer_append_text(&text, "{" BASE "," RUN "," JOB ",\"inputs\":[");
    for (int i = 0; i < OPENLINEAGE_DATASETS_MAX; i++)
        buffer_printf(&text, "%s" VERSIONED("s", "in%d", "1"), i ? "," : "", i);
    buffer_append_text(&text, "],\"outputs\":[");
    for (int i = 0; i < OPENLINEAGE_DATASETS_MAX; i++)
        buffer_printf(&text, "%s" VERSIONED("s", "out%d", "1"), i ? "," : "", i);
    buffer_append_text(&text, "]}");
    ck_assert(!text.failed);
    ck_assert_int_eq(openlineage_parse(text.bytes, text.size, &arena, &event, &error), 0);
    claims_derive(&event, &arena, &claims);
    ck_assert_uint_eq(claims.node_count, 4 * OPENLINEAGE_DATASETS_MAX + 2);
    ck_assert_uint_eq(claims.edge_count, 4 * OPENLINEAGE_DATASETS_MAX + 1);
}
END_TEST

int main(void)
{
    return SUITE_RUN("lineage/claims", an_event_says_what_flows_where,
                     facets_are_found_again_by_their_pointer, the_largest_event_is_taken);
}
