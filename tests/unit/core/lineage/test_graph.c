/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/graph.h"

#include "base/cleanup.h"
#include "core/lineage/graph_dot.h"
#include "core/lineage/graph_json.h"
#include "core/lineage/graph_tree.h"
#include "suite.h"

#include <string.h>

static uint32_t add(struct graph *graph, int64_t id, const char *ref, enum ref_kind kind)
{
    const struct graph_node node = {
        .id = id, .ref = ref, .kind = kind, .parent = GRAPH_NONE, .depth = (uint32_t)id - 1};
    uint32_t index = GRAPH_NONE;

    ck_assert_int_eq(graph_add(graph, &node, &index, NULL), 0);
    return index;
}

/* a -> run -> b, and back again. */
static void make_ring(struct graph *graph)
{
    graph_init(graph, 10, 10);
    (void)add(graph, 1, "dataset:a@1", REF_DATASET_VERSION);
    (void)add(graph, 2, "run:\"x\\", REF_RUN);
    (void)add(graph, 3, "dataset:b@1", REF_DATASET_VERSION);
    ck_assert_int_eq(graph_connect(graph, 0, 1, CLAIMS_READ), 0);
    ck_assert_int_eq(graph_connect(graph, 1, 2, CLAIMS_WRITE), 0);
    ck_assert_int_eq(graph_connect(graph, 2, 0, CLAIMS_ASSUMED), 0);
}

START_TEST(nodes_are_found_by_their_ids)
{
    CLEANUP(graph_release) struct graph graph;
    bool added;

    graph_init(&graph, 50000, 1);
    ck_assert_uint_eq(graph_find(&graph, 5), GRAPH_NONE);
    for (int64_t i = 1; i <= 20000; i++)
        ck_assert_uint_eq(add(&graph, i * 7919, "x", REF_RUN), i - 1);
    for (int64_t i = 1; i <= 20000; i++)
        ck_assert_uint_eq(graph_find(&graph, i * 7919), i - 1);
    ck_assert_uint_eq(graph_find(&graph, 7920), GRAPH_NONE);
    const struct graph_node again = {.id = 7919};
    uint32_t index;
    ck_assert_int_eq(graph_add(&graph, &again, &index, &added), 0);
    ck_assert(!added);
    ck_assert_uint_eq(index, 0);
}
END_TEST

START_TEST(limits_are_kept)
{
    CLEANUP(graph_release) struct graph graph;
    const struct graph_node third = {.id = 3};
    const struct graph_node known = {.id = 2};
    uint32_t index;

    graph_init(&graph, 2, 1);
    (void)add(&graph, 1, "x", REF_RUN);
    (void)add(&graph, 2, "y", REF_RUN);
    ck_assert_int_eq(graph_add(&graph, &third, &index, NULL), GRAPH_E_FULL);
    ck_assert_int_eq(graph_add(&graph, &known, &index, NULL), 0);
    ck_assert_int_eq(graph_connect(&graph, 0, 1, CLAIMS_READ), 0);
    ck_assert_int_eq(graph_connect(&graph, 1, 0, CLAIMS_READ), GRAPH_E_FULL);
}
END_TEST

START_TEST(json_has_what_is_shown)
{
    CLEANUP(graph_release) struct graph graph;
    CLEANUP(buffer_release) struct buffer all = BUFFER(4096);
    CLEANUP(buffer_release) struct buffer some = BUFFER(4096);

    make_ring(&graph);
    graph_json_members(&graph, GRAPH_KINDS_ALL, &all);
    ck_assert_str_eq(
        all.bytes, "\"nodes\":[{\"ref\":\"dataset:a@1\",\"kind\":\"dataset-version\",\"depth\":0},"
                   "{\"ref\":\"run:\\\"x\\\\\",\"kind\":\"run\",\"depth\":1},"
                   "{\"ref\":\"dataset:b@1\",\"kind\":\"dataset-version\",\"depth\":2}],"
                   "\"edges\":[{\"from\":0,\"to\":1,\"kind\":\"read\"},"
                   "{\"from\":1,\"to\":2,\"kind\":\"write\"},"
                   "{\"from\":2,\"to\":0,\"kind\":\"assumed\"}]");
    graph_json_members(&graph, 1U << REF_DATASET_VERSION, &some);
    ck_assert_str_eq(
        some.bytes, "\"nodes\":[{\"ref\":\"dataset:a@1\",\"kind\":\"dataset-version\",\"depth\":0},"
                    "{\"ref\":\"dataset:b@1\",\"kind\":\"dataset-version\",\"depth\":2}],"
                    "\"edges\":[{\"from\":1,\"to\":0,\"kind\":\"assumed\"}]");
}
END_TEST

START_TEST(texts_are_escaped)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(100);

    graph_json_text("a\"b\\c\n\x01\xc3\xa9", &buffer);
    ck_assert_str_eq(buffer.bytes, "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\"");
}
END_TEST

START_TEST(graphviz_gets_quotes_and_colours)
{
    static const char *const colours[] = {"red", NULL, "green"};
    CLEANUP(graph_release) struct graph graph;
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(4096);

    make_ring(&graph);
    graph_dot(&graph, GRAPH_KINDS_ALL, colours, "cut \"off\"", &buffer);
    ck_assert_str_eq(buffer.bytes,
                     "digraph lineage {\n  rankdir=LR;\n  label=\"cut \\\"off\\\"\";\n"
                     "  n0 [shape=cylinder,label=\"dataset:a@1\",color=red,fontcolor=red];\n"
                     "  n1 [shape=box,label=\"run:\\\"x\\\\\"];\n"
                     "  n2 [shape=cylinder,label=\"dataset:b@1\",color=green,fontcolor=green];\n"
                     "  n0 -> n1 [label=\"read\"];\n"
                     "  n1 -> n2 [label=\"write\"];\n"
                     "  n2 -> n0 [label=\"assumed\",style=dashed];\n}\n");
}
END_TEST

START_TEST(a_tree_of_a_cycle_ends)
{
    CLEANUP(graph_release) struct graph graph;
    CLEANUP(buffer_release) struct buffer down = BUFFER(4096);
    CLEANUP(buffer_release) struct buffer up = BUFFER(4096);
    CLEANUP(buffer_release) struct buffer list = BUFFER(4096);

    make_ring(&graph);
    ck_assert_int_eq(graph_tree(&graph, false, GRAPH_KINDS_ALL, &down), 0);
    ck_assert_str_eq(down.bytes, "dataset:a@1\n"
                                 "  [read] run:\"x\\\n"
                                 "    [write] dataset:b@1\n"
                                 "      [assumed] dataset:a@1  (above)\n");
    ck_assert_int_eq(graph_tree(&graph, true, GRAPH_KINDS_ALL, &up), 0);
    ck_assert_str_eq(up.bytes, "dataset:a@1\n"
                               "  [assumed] dataset:b@1\n"
                               "    [write] run:\"x\\\n"
                               "      [read] dataset:a@1  (above)\n");
    ck_assert_int_eq(graph_tree(&graph, true, 1U << REF_RUN, &list), 0);
    ck_assert_str_eq(list.bytes, "1  run:\"x\\\n");
}
END_TEST

START_TEST(a_run_says_what_became_of_it)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER(4096);
    CLEANUP(buffer_release) struct buffer json = BUFFER(4096);
    struct graph_run run = {.job = "job:n#j", .state = "COMPLETE", .ended = true};
    struct graph_node node = {.ref = "run:1", .kind = REF_RUN, .label = "here", .run = &run};

    graph_tree_node(&node, &text);
    ck_assert_str_eq(text.bytes, "run:1  (here)  (job:n#j, COMPLETE 1970-01-01T00:00:00.000Z)");
    run.started_ms = 1000;
    run.state_ms = 2000;
    graph_json_node(&node, &json);
    ck_assert_str_eq(json.bytes,
                     "{\"ref\":\"run:1\",\"kind\":\"run\",\"depth\":0,\"label\":\"here\","
                     "\"job\":\"job:n#j\",\"state\":\"COMPLETE\","
                     "\"started_at\":\"1970-01-01T00:00:01.000Z\","
                     "\"ended_at\":\"1970-01-01T00:00:02.000Z\"}");
}
END_TEST

START_TEST(a_path_shows_which_way_data_flowed)
{
    CLEANUP(graph_release) struct graph graph;
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(4096);

    graph_init(&graph, 10, 10);
    (void)add(&graph, 1, "run:a", REF_RUN);
    (void)add(&graph, 2, "dataset:b@1", REF_DATASET_VERSION);
    (void)add(&graph, 3, "run:c", REF_RUN);
    ck_assert_int_eq(graph_connect(&graph, 1, 0, CLAIMS_READ), 0);
    ck_assert_int_eq(graph_connect(&graph, 1, 2, CLAIMS_READ), 0);
    graph_tree_path(&graph, &buffer);
    ck_assert_str_eq(buffer.bytes, "run:a\n  <--read-- dataset:b@1\n  --read--> run:c\n");
}
END_TEST

START_TEST(an_answer_that_is_too_large_fails_once)
{
    CLEANUP(graph_release) struct graph graph;
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(64);

    make_ring(&graph);
    ck_assert_int_eq(graph_tree(&graph, true, GRAPH_KINDS_ALL, &buffer), 0);
    ck_assert(buffer.failed);
    graph_json_members(&graph, GRAPH_KINDS_ALL, &buffer);
    ck_assert(buffer.failed);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/graph", nodes_are_found_by_their_ids, limits_are_kept,
                     json_has_what_is_shown, texts_are_escaped, graphviz_gets_quotes_and_colours,
                     a_tree_of_a_cycle_ends, a_run_says_what_became_of_it,
                     a_path_shows_which_way_data_flowed, an_answer_that_is_too_large_fails_once);
}
