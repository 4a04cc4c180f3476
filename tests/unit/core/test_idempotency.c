/* SPDX-License-Identifier: Apache-2.0 */
#include "core/idempotency.h"

#include "database.h"
#include "suite.h"

#include <string.h>

#define NOW_MS ((int64_t)1000000000000)

struct fixture {
    struct db *db;
    struct arena arena;
    struct q_idempotency_reply reply;
    int performed;
    int result;
};

/* Has an effect that can be counted. */
static int perform(void *arg, struct q_idempotency_reply *reply)
{
    struct fixture *fixture = arg;

    fixture->performed++;
    database_run(fixture->db, "INSERT INTO workspace (name) VALUES (gen_random_uuid())");
    reply->status = 201;
    reply->content_type = "text/plain";
    reply->location = "/x";
    reply->body = "done";
    reply->size = 4;
    return fixture->result;
}

static void make(struct fixture *fixture)
{
    *fixture = (struct fixture){.db = database_new()};
    database_run(fixture->db,
                 "INSERT INTO api_token (workspace_id, name, role, token_sha256, created_at,"
                 " created_by) SELECT 1, 't', 'admin', sha256(i::text::bytea), now(), 'test'"
                 " FROM generate_series(1, 2) i");
}

static int run(struct fixture *fixture, int64_t token, const char *key, char request, int64_t now)
{
    const struct idempotency idempotency = {
        .key = {1, token, key},
        .now_ms = now,
        .arena = &fixture->arena,
        .reply = &fixture->reply,
        .perform = perform,
        .arg = fixture,
    };

    fixture->reply = (struct q_idempotency_reply){0};
    memset(fixture->reply.request_sha256, request, sizeof(fixture->reply.request_sha256));
    return idempotency_run(fixture->db, &idempotency);
}

static int64_t effects(struct fixture *fixture)
{
    return database_number(fixture->db, "SELECT count(*) FROM workspace") - 1;
}

static void release(struct fixture *fixture)
{
    arena_release(&fixture->arena);
    db_free(fixture->db);
}

START_TEST(the_second_time_has_no_effect_and_the_same_reply)
{
    struct fixture fixture;

    make(&fixture);
    ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS), 0);
    ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS), IDEMPOTENCY_E_REPLAY);
    ck_assert_int_eq(fixture.performed, 1);
    ck_assert_int_eq(effects(&fixture), 1);
    ck_assert_int_eq(fixture.reply.status, 201);
    ck_assert_str_eq(fixture.reply.location, "/x");
    ck_assert_uint_eq(fixture.reply.size, 4);
    ck_assert_mem_eq(fixture.reply.body, "done", 4);
    release(&fixture);
}
END_TEST

START_TEST(another_request_with_the_key_is_refused)
{
    struct fixture fixture;

    make(&fixture);
    ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS), 0);
    ck_assert_int_eq(run(&fixture, 1, "k", 'b', NOW_MS), IDEMPOTENCY_E_REUSED);
    ck_assert_int_eq(run(&fixture, 2, "k", 'b', NOW_MS), 0);
    ck_assert_int_eq(effects(&fixture), 2);
    release(&fixture);
}
END_TEST

START_TEST(what_failed_leaves_nothing)
{
    static const int results[] = {IDEMPOTENCY_E_FAILED, ERR_INTERNAL};
    struct fixture fixture;

    make(&fixture);
    for (size_t i = 0; i < 2; i++) {
        fixture.result = results[i];
        ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS), results[i]);
        ck_assert_int_eq(effects(&fixture), 0);
    }
    fixture.result = 0;
    ck_assert_int_eq(run(&fixture, 1, "k", 'b', NOW_MS), 0);
    release(&fixture);
}
END_TEST

START_TEST(keys_are_kept_for_a_day)
{
    struct fixture fixture;

    make(&fixture);
    ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS), 0);
    ck_assert_int_eq(run(&fixture, 1, "k", 'a', NOW_MS + IDEMPOTENCY_KEEP_MS),
                     IDEMPOTENCY_E_REPLAY);
    ck_assert_int_eq(run(&fixture, 1, "k", 'b', NOW_MS + IDEMPOTENCY_KEEP_MS + 1), 0);
    ck_assert_int_eq(effects(&fixture), 2);
    release(&fixture);
}
END_TEST

START_TEST(a_key_is_printable_and_not_endless)
{
    char key[IDEMPOTENCY_KEY_MAX + 2] = {0};
    struct fixture fixture;

    make(&fixture);
    memset(key, 'k', sizeof(key) - 1);
    ck_assert_int_eq(run(&fixture, 1, key, 'a', NOW_MS), IDEMPOTENCY_E_KEY);
    key[IDEMPOTENCY_KEY_MAX] = '\0';
    ck_assert_int_eq(run(&fixture, 1, key, 'a', NOW_MS), 0);
    ck_assert_int_eq(run(&fixture, 1, "", 'a', NOW_MS), IDEMPOTENCY_E_KEY);
    ck_assert_int_eq(run(&fixture, 1, "a\n", 'a', NOW_MS), IDEMPOTENCY_E_KEY);
    release(&fixture);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/idempotency", the_second_time_has_no_effect_and_the_same_reply,
                     another_request_with_the_key_is_refused, what_failed_leaves_nothing,
                     keys_are_kept_for_a_day, a_key_is_printable_and_not_endless);
}
