/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/lineage.h"

#include "base/cleanup.h"
#include "database.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 60
#define ORDERS 12

/* What two workspaces differ in; both saw the same events. Ids are of no account. */
static const char differences[] =
    "WITH node AS (SELECT workspace_id AS w, id, kind || ' ' || ref AS t FROM lineage_node),"
    " graph AS ("
    " SELECT w, t FROM node"
    " UNION ALL SELECT e.workspace_id, concat_ws(' ', s.t, e.kind, t.t, e.at)"
    "  FROM lineage_edge e JOIN node s ON s.id = e.source_id JOIN node t ON t.id = e.target_id"
    " UNION ALL SELECT r.workspace_id, concat_ws(' ', n.t, j.t, r.state, r.ended, r.state_at,"
    "  r.state_sha256, r.first_at, r.started_at)"
    "  FROM lineage_run r JOIN node n ON n.id = r.node_id JOIN node j ON j.id = r.job_id"
    " UNION ALL SELECT c.workspace_id, concat_ws(' ', s.t, c.kind, t.t, v.sha256)"
    "  FROM lineage_claim c JOIN node s ON s.id = c.source_id JOIN node t ON t.id = c.target_id"
    "  JOIN lineage_event v ON v.id = c.event_id"
    " UNION ALL SELECT f.workspace_id, concat_ws(' ', n.t, f.scope, o.t, f.name, f.at,"
    "  f.event_sha256, f.path, f.deleted, v.sha256) FROM lineage_facet f"
    "  JOIN node n ON n.id = f.node_id LEFT JOIN node o ON o.id = f.other_id"
    "  JOIN lineage_event v ON v.id = f.event_id)"
    " SELECT count(*) FROM ((SELECT t FROM graph WHERE w = 1 EXCEPT ALL"
    "  SELECT t FROM graph WHERE w = (SELECT max(id) FROM workspace)) UNION ALL"
    "  (SELECT t FROM graph WHERE w = (SELECT max(id) FROM workspace) EXCEPT ALL"
    "  SELECT t FROM graph WHERE w = 1)) d";

struct world {
    struct db *db;
    struct arena arena;
    unsigned seed;
};

static void world_init(struct world *world)
{
    *world = (struct world){.db = database_new(), .seed = 7};
}

static void world_release(struct world *world)
{
    arena_release(&world->arena);
    db_free(world->db);
}

static unsigned any(struct world *world, unsigned below)
{
    world->seed = world->seed * 1103515245U + 12345U;
    return (world->seed >> 16) % below;
}

static int accept(struct world *world, int64_t workspace_id, const char *event, bool *ret_known,
                  struct fields_error *ret_error)
{
    static const struct audit_actor actor = {"token", 1, "test", "publisher", "192.0.2.1"};
    const struct lineage_place place = {workspace_id, &actor, 1000000000000};

    return lineage_accept(world->db, &place, event, strlen(event), ret_known, ret_error);
}

static void take(struct world *world, int64_t workspace_id, const char *event)
{
    struct fields_error error = {0};
    bool known;

    ck_assert_msg(accept(world, workspace_id, event, &known, &error) == 0, "%s: %s", event,
                  error.text);
}

/* Datasets of few names, so that events speak of the same ones. */
static const char *some_datasets(struct world *world)
{
    const char *list = "";
    unsigned count = any(world, 3);

    for (unsigned i = 0; i < count; i++) {
        const char *facets =
            any(world, 2) ? arena_printf(&world->arena, "\"version\":{\"datasetVersion\":\"%u\"},",
                                         any(world, 3))
                          : "";

        list = arena_printf(&world->arena,
                            "%s%s{\"namespace\":\"s\",\"name\":\"d%u\",\"facets\":{%s\"schema\":"
                            "{\"fields\":[%u],\"_deleted\":%s}},\"inputFacets\":{\"q\":{\"n\":%u}},"
                            "\"outputFacets\":{\"q\":{\"n\":%u}}}",
                            list, i ? "," : "", any(world, 4), facets, any(world, 100),
                            any(world, 4) ? "false" : "true", any(world, 9), any(world, 9));
    }
    return list;
}

static const char *some_event(struct world *world)
{
    static const char *const types[] = {"START", "RUNNING", "COMPLETE", "FAIL", "OTHER", "ABORT"};
    struct arena *arena = &world->arena;
    const char *base =
        arena_printf(arena, "\"eventTime\":\"2026-01-02T03:04:0%u.%uZ\",\"producer\":\"p:%u\"",
                     any(world, 10), any(world, 3), any(world, 1000));
    const char *sides = arena_printf(arena, "\"inputs\":[%s],\"outputs\":[%s]",
                                     some_datasets(world), some_datasets(world));
    const char *job = arena_printf(
        arena,
        "\"job\":{\"namespace\":\"n\",\"name\":\"j%u\",\"facets\":{\"sourceCodeLocation\":"
        "{\"url\":\"r\",\"version\":\"c%u\"},\"jobType\":{\"v\":%u}}}",
        any(world, 3), any(world, 3), any(world, 9));

    if (any(world, 10) == 0)
        return arena_printf(arena, "{%s,%s,%s}", base, job, sides);
    if (any(world, 10) == 0)
        return arena_printf(arena,
                            "{%s,\"dataset\":{\"namespace\":\"s\",\"name\":\"d%u\",\"facets\":"
                            "{\"version\":{\"datasetVersion\":\"%u\"}}}}",
                            base, any(world, 4), any(world, 4));
    return arena_printf(arena,
                        "{%s,\"eventType\":\"%s\",\"run\":{\"runId\":"
                        "\"00000000-0000-0000-0000-00000000000%u\",\"facets\":{\"parent\":{\"run\":"
                        "{\"runId\":\"00000000-0000-0000-0000-00000000000%u\"},\"job\":{"
                        "\"namespace\":\"n\",\"name\":\"p\"}},\"own\":{\"v\":%u}}},%s,%s}",
                        base, types[any(world, 6)], any(world, 6), any(world, 6), any(world, 99),
                        job, sides);
}

START_TEST(any_order_with_repetitions_gives_the_same_graph)
{
    struct world world;
    const char *events[EVENTS];

    world_init(&world);
    for (size_t i = 0; i < EVENTS; i++) {
        events[i] = some_event(&world);
        take(&world, 1, events[i]);
    }
    ck_assert_int_ge(database_number(world.db, "SELECT count(*) FROM lineage_edge"), 50);
    for (int order = 0; order < ORDERS; order++) {
        database_run(world.db,
                     "INSERT INTO workspace (name) VALUES ('w' || (random() * 1e9)::int)");
        int64_t workspace = database_number(world.db, "SELECT max(id) FROM workspace");

        for (size_t i = EVENTS - 1; i > 0; i--) {
            size_t other = any(&world, (unsigned)i + 1);
            const char *swapped = events[i];

            events[i] = events[other];
            events[other] = swapped;
        }
        for (size_t i = 0; i < EVENTS; i++) {
            take(&world, workspace, events[i]);
            take(&world, workspace, events[any(&world, (unsigned)i + 1)]);
        }
        ck_assert_int_eq(database_number(world.db, differences), 0);
    }
    world_release(&world);
}
END_TEST

#define RUN_EVENT(type, time, facets)                                                              \
    "{\"eventType\":\"" type "\",\"eventTime\":\"2026-01-02T03:04:" time                           \
    "Z\",\"producer\":\"p:\","                                                                     \
    "\"run\":{\"runId\":\"00000000-0000-0000-0000-000000000001\",\"facets\":{" facets "}},"        \
    "\"job\":{\"namespace\":\"n\",\"name\":\"j\"}}"

START_TEST(the_same_event_again_changes_nothing)
{
    struct world world;
    struct fields_error error = {0};
    bool known = true;

    world_init(&world);
    ck_assert_int_eq(accept(&world, 1, RUN_EVENT("START", "01", ""), &known, &error), 0);
    ck_assert(!known);
    ck_assert_int_eq(accept(&world, 1, RUN_EVENT("START", "01", ""), &known, &error), 0);
    ck_assert(known);
    ck_assert_int_eq(database_number(world.db, "SELECT count(*) FROM lineage_event"), 1);
    ck_assert_int_eq(database_number(world.db,
                                     "SELECT count(*) FROM audit_entry a JOIN lineage_event e"
                                     " ON a.object_id = encode(e.sha256, 'hex')"
                                     " WHERE a.action = 'lineage.take' AND a.after->>'about' ="
                                     " 'run:00000000-0000-0000-0000-000000000001'"),
                     1);
    world_release(&world);
}
END_TEST

START_TEST(the_end_of_a_run_wins_over_what_comes_late)
{
    struct world world;

    world_init(&world);
    take(&world, 1, RUN_EVENT("FAIL", "05", ""));
    take(&world, 1, RUN_EVENT("START", "01", ""));
    take(&world, 1, RUN_EVENT("RUNNING", "09", ""));
    ck_assert_int_eq(
        database_number(world.db, "SELECT count(*) FROM lineage_run WHERE state = 'FAIL' AND ended"
                                  " AND state_at - started_at = interval '4 seconds'"
                                  " AND first_at = started_at"),
        1);
    world_release(&world);
}
END_TEST

START_TEST(events_are_kept_as_they_were_sent)
{
    struct world world;

    world_init(&world);
    take(&world, 1, RUN_EVENT("START", "01", "\"odd\":{ \"n\" : 1.10, \"u\":\"\\u0000\"}"));
    ck_assert_int_eq(database_number(world.db,
                                     "SELECT count(*) FROM lineage_event e JOIN lineage_facet f"
                                     " ON f.event_id = e.id WHERE e.sha256 = pg_catalog.sha256("
                                     " convert_to(e.body, 'UTF8')) AND position("
                                     " '{ \"n\" : 1.10, \"u\":\"\\u0000\"}' IN e.body) > 0"
                                     " AND f.path = '/run/facets/odd'"),
                     1);
    world_release(&world);
}
END_TEST

START_TEST(edges_cannot_be_rewritten)
{
    struct world world;

    world_init(&world);
    take(&world, 1, RUN_EVENT("START", "05", ""));
    ck_assert_int_lt(db_exec_script(world.db, "DELETE FROM lineage_edge"), 0);
    ck_assert_int_lt(db_exec_script(world.db, "UPDATE lineage_edge SET kind = 2"), 0);
    ck_assert_int_lt(db_exec_script(world.db, "UPDATE lineage_edge SET at = at + interval '1s'"),
                     0);
    ck_assert_int_eq(db_exec_script(world.db, "UPDATE lineage_edge SET at = at - interval '1s'"),
                     0);
    world_release(&world);
}
END_TEST

START_TEST(what_is_malformed_leaves_nothing)
{
    struct world world;
    struct fields_error error = {0};
    bool known;

    world_init(&world);
    ck_assert_int_eq(accept(&world, 1, "{", &known, &error), LINEAGE_E_SYNTAX);
    ck_assert_int_eq(accept(&world, 1, "{}", &known, &error), LINEAGE_E_INVALID);
    ck_assert_str_eq(error.pointer, "/eventTime");
    ck_assert_int_eq(database_number(world.db, "SELECT count(*) FROM lineage_node"), 0);
    world_release(&world);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/lineage", any_order_with_repetitions_gives_the_same_graph,
                     the_same_event_again_changes_nothing,
                     the_end_of_a_run_wins_over_what_comes_late, events_are_kept_as_they_were_sent,
                     edges_cannot_be_rewritten, what_is_malformed_leaves_nothing);
}
