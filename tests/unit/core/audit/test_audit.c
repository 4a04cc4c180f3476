/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit.h"

#include "core/workspaces.h"
#include "database.h"
#include "db/q_audit.h"
#include "suite.h"

#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define WORKSPACE 1
#define NOW_MS ((int64_t)1767225600123)
#define THREADS 4
#define EACH 25

static char url[DATABASE_URL_SIZE];
static struct db *db;
static struct arena arena;

static void set_up(void)
{
    database_make(true, url);
    db = database_open(url);
}

static void tear_down(void)
{
    arena_release(&arena);
    db_free(db);
}

struct recording {
    const char *object;
    int outcome; /* of the change after it was recorded */
};

static int record_inside(struct db *inside, void *arg)
{
    const struct recording *recording = arg;
    int r = audit_record(inside, &(struct audit_change){
                                     .workspace_id = WORKSPACE,
                                     .actor = &audit_server,
                                     .now_ms = NOW_MS,
                                     .action = AUDIT_TOKEN_REVOKE,
                                     .object = recording->object,
                                     .before = json_pack("{s:s, s:i}", "name", "t\n\"ü\"", "n", 1),
                                     .after = json_pack("{s:[n, b], s:{}}", "z", 1, "a"),
                                 });

    return r ? r : recording->outcome;
}

static int record(const char *object)
{
    return tx_run(db, record_inside, &(struct recording){object, 0});
}

static struct q_audit_page list(const struct q_audit_filter *filter)
{
    struct q_audit_page page;

    ck_assert_int_eq(q_audit_list(db, WORKSPACE, filter, &arena, &page), 0);
    return page;
}

static json_t *load(const char *text)
{
    return text ? json_loads(text, 0, NULL) : NULL;
}

/* What is stored hashes to what it says, and names what came before it. */
static size_t count_chained(void)
{
    struct q_audit_page page = list(&(struct q_audit_filter){.limit = 1000});
    uint8_t previous[DIGEST_SHA256_SIZE] = {0};

    for (size_t i = page.count; i-- > 0;) {
        struct audit_entry *entry = &page.rows[i].entry;
        uint8_t hash[DIGEST_SHA256_SIZE];
        json_auto_t *before = load(page.rows[i].before);
        json_auto_t *after = load(page.rows[i].after);

        entry->before = before;
        entry->after = after;
        ck_assert_int_eq(entry->seq, (int64_t)(page.count - i));
        ck_assert_mem_eq(entry->previous, previous, sizeof(previous));
        ck_assert_int_eq(audit_entry_digest(entry, hash), 0);
        ck_assert_mem_eq(page.rows[i].hash, hash, sizeof(hash));
        memcpy(previous, hash, sizeof(previous));
    }
    return page.count;
}

START_TEST(entries_form_a_chain)
{
    ck_assert_int_eq(record("1"), 0);
    ck_assert_int_eq(record("2"), 0);
    ck_assert_int_eq(record("3"), 0);
    ck_assert_uint_eq(count_chained(), 3);
}
END_TEST

START_TEST(what_was_rolled_back_leaves_nothing)
{
    ck_assert_int_eq(tx_run(db, record_inside, &(struct recording){"1", 77}), 77);
    ck_assert_int_eq(record("2"), 0);
    ck_assert_uint_eq(count_chained(), 1);
}
END_TEST

START_TEST(nobody_changes_an_entry)
{
    static const char *const attempts[] = {
        "UPDATE audit_entry SET actor_name = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        /* one in between, one beyond, one that forgets what came before it */
        "INSERT INTO audit_entry SELECT (jsonb_populate_record(e, '{\"seq\": 1}')).* FROM"
        " audit_entry e LIMIT 1",
        "INSERT INTO audit_entry SELECT (jsonb_populate_record(e, '{\"seq\": 4}')).* FROM"
        " audit_entry e WHERE seq = 2",
        "INSERT INTO audit_entry SELECT (jsonb_populate_record(e, '{\"seq\": 3}')).* FROM"
        " audit_entry e WHERE seq = 2",
    };

    ck_assert_int_eq(record("1"), 0);
    ck_assert_int_eq(record("2"), 0);
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        ck_assert_int_ne(db_exec_script(db, attempts[i]), 0);
    ck_assert_uint_eq(count_chained(), 2);
}
END_TEST

static void *record_many(void *arg)
{
    struct db *mine = database_open(url);

    for (int i = 0; i < EACH; i++)
        ck_assert_int_eq(tx_run(mine, record_inside, &(struct recording){arg, 0}), 0);
    db_free(mine);
    return NULL;
}

START_TEST(of_many_at_once_each_has_its_place)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, record_many, (void *)(uintptr_t) "x"),
                         0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(count_chained(), (size_t)THREADS * EACH);
}
END_TEST

START_TEST(workspaces_have_chains_of_their_own)
{
    int64_t id;

    ck_assert_int_eq(record("1"), 0);
    ck_assert_int_eq(workspaces_create(db, "lab", 1, 2, &audit_server, NOW_MS, &id), 0);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM audit_entry WHERE seq = 1"), 2);
    ck_assert_uint_eq(count_chained(), 1);
}
END_TEST

START_TEST(the_history_of_one_thing_is_found)
{
    struct q_audit_filter filter = {Q_AUDIT_OBJECT, "token", "1", 0, 0, 2};

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(record("1"), 0);
        ck_assert_int_eq(record("11"), 0);
    }
    struct q_audit_page page = list(&filter);
    ck_assert_uint_eq(page.count, 2);
    ck_assert(page.more);
    ck_assert_int_eq(page.rows[0].entry.seq, 5);
    ck_assert_int_eq(page.rows[1].entry.seq, 3);
    filter.before_seq = 3;
    page = list(&filter);
    ck_assert_uint_eq(page.count, 1);
    ck_assert(!page.more);
    ck_assert_int_eq(page.rows[0].entry.seq, 1);
}
END_TEST

static int record_half(struct db *inside, void *arg)
{
    return audit_record(inside, &(struct audit_change){
                                    .workspace_id = WORKSPACE,
                                    .actor = &audit_server,
                                    .now_ms = NOW_MS,
                                    .action = AUDIT_TOKEN_REVOKE,
                                    .object = arg,
                                    .after = json_object(),
                                });
}

START_TEST(an_entry_is_whole_or_refused)
{
    for (size_t i = 0; i < AUDIT_ACTION_COUNT; i++) {
        ck_assert_ptr_nonnull(audit_actions[i].name);
        ck_assert_ptr_nonnull(audit_actions[i].meaning);
        ck_assert(audit_actions[i].before || audit_actions[i].after);
    }
    ck_assert_int_lt(tx_run(db, record_half, (void *)(uintptr_t) "1"), 0);
    ck_assert_uint_eq(count_chained(), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/audit", set_up, tear_down, entries_form_a_chain,
                          what_was_rolled_back_leaves_nothing, nobody_changes_an_entry,
                          of_many_at_once_each_has_its_place, workspaces_have_chains_of_their_own,
                          the_history_of_one_thing_is_found, an_entry_is_whole_or_refused);
}
