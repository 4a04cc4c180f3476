/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster.h"

#include "crypto/digest.h"
#include "push/assignments.h"
#include "push/roster_seen.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct roster *roster;

static void set_up(void)
{
    ck_assert_int_eq(roster_new(&roster), 0);
    roster_load_begin(roster);
    roster_load_end(roster);
}

static void tear_down(void)
{
    roster_free(roster);
}

/* The hash of the nth token of a device. */
static void token_of(int64_t id, int n, uint8_t ret_hash[static ROSTER_TOKEN_SIZE])
{
    int64_t words[2] = {id, n};

    digest_sha256(words, sizeof(words), ret_hash);
}

/* A row with token n, and next token n + 1 where `next`. */
static int put(int64_t id, int64_t revision, int64_t version, int n, bool next)
{
    uint8_t token[ROSTER_TOKEN_SIZE];
    uint8_t next_token[ROSTER_TOKEN_SIZE];

    token_of(id, n, token);
    token_of(id, n + 1, next_token);
    return roster_put(roster, &(struct roster_row){
                                  .id = id,
                                  .workspace_id = 1,
                                  .name = "cam",
                                  .active = true,
                                  .revision = revision,
                                  .version = version,
                                  .token = token,
                                  .next_token = next ? next_token : NULL,
                              });
}

static int ask(int64_t id, int n, struct roster_device **ret_device)
{
    uint8_t token[ROSTER_TOKEN_SIZE];

    token_of(id, n, token);
    return roster_authenticate(roster, token, 1000, ret_device);
}

struct ear {
    struct subscription subscription; /* first */
    atomic_int woken;
};

static void hear(struct subscription *subscription)
{
    atomic_fetch_add(&((struct ear *)subscription)->woken, 1);
}

START_TEST(refuses_nobody_before_it_is_loaded)
{
    struct roster_device *device;
    struct roster *fresh;
    uint8_t token[ROSTER_TOKEN_SIZE] = {0};

    ck_assert_int_eq(roster_new(&fresh), 0);
    ck_assert(!roster_ready(fresh));
    ck_assert_int_eq(roster_authenticate(fresh, token, 1, &device), ROSTER_E_LOADING);
    roster_load_begin(fresh);
    roster_load_end(fresh);
    ck_assert_int_eq(roster_authenticate(fresh, token, 1, &device), ROSTER_E_TOKEN);
    roster_free(fresh);
}
END_TEST

START_TEST(finds_a_device_by_its_token)
{
    struct roster_device *device;

    ck_assert_int_eq(put(1, 1, 7, 0, false), 0);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    ck_assert_int_eq(roster_device_id(device), 1);
    ck_assert_int_eq(roster_device_version(device), 7);
    ck_assert_str_eq(roster_device_name(device), "cam");
    ck_assert_int_eq(ask(1, 1, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(put(1, 2, 7, 5, false), 0);
    ck_assert_int_eq(ask(1, 0, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(ask(1, 5, &device), 0);
}
END_TEST

START_TEST(ignores_rows_that_are_not_newer)
{
    struct roster_device *device;

    ck_assert_int_eq(put(1, 5, 7, 0, false), 0);
    ck_assert_int_eq(put(1, 4, 6, 3, false), 0);
    ck_assert_int_eq(put(1, 5, 6, 3, false), 0);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    ck_assert_int_eq(roster_device_version(device), 7);
}
END_TEST

START_TEST(an_old_token_works_until_the_next_is_used)
{
    struct roster_promotion promotion;
    struct roster_device *device;
    uint8_t next[ROSTER_TOKEN_SIZE];

    ck_assert_int_eq(put(1, 1, 0, 0, true), 0);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    ck_assert(!roster_take_promotion(roster, &promotion));
    ck_assert_int_eq(ask(1, 1, &device), 0);
    ck_assert_int_eq(ask(1, 0, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(ask(1, 1, &device), 0);
    ck_assert(roster_take_promotion(roster, &promotion));
    token_of(1, 1, next);
    ck_assert_int_eq(promotion.device_id, 1);
    ck_assert_mem_eq(promotion.token, next, sizeof(next));
    ck_assert(!roster_take_promotion(roster, &promotion));
}
END_TEST

START_TEST(revocation_is_final_whatever_was_read_before)
{
    struct roster_device *device;
    struct ear ear = {.subscription.wake = hear};

    ck_assert_int_eq(put(1, 1, 0, 0, true), 0);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    roster_subscribe(roster, device, &ear.subscription);
    roster_revoke(roster, 1);
    ck_assert_int_eq(ear.woken, 1);
    ck_assert(!roster_device_active(device));
    ck_assert_int_eq(put(1, 9, 1, 0, true), 0);
    ck_assert_int_eq(ask(1, 0, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(ask(1, 1, &device), ROSTER_E_TOKEN);
    ck_assert_uint_eq(roster_count(roster), 0);
    roster_unsubscribe(roster, &ear.subscription);
    roster_revoke(roster, 99);
}
END_TEST

START_TEST(wakes_exactly_those_whose_version_changed)
{
    struct roster_device *one;
    struct roster_device *two;
    struct ear ears[3] = {
        {.subscription.wake = hear}, {.subscription.wake = hear}, {.subscription.wake = hear}};

    ck_assert_int_eq(put(1, 1, 0, 0, false), 0);
    ck_assert_int_eq(put(2, 1, 0, 0, false), 0);
    ck_assert_int_eq(ask(1, 0, &one), 0);
    ck_assert_int_eq(ask(2, 0, &two), 0);
    roster_subscribe(roster, one, &ears[0].subscription);
    roster_subscribe(roster, one, &ears[1].subscription);
    roster_subscribe(roster, two, &ears[2].subscription);
    ck_assert(roster_connected(roster, 1));

    ck_assert_int_eq(put(1, 2, 0, 0, true), 0); /* a token: nobody's business */
    ck_assert_int_eq(ears[0].woken, 0);
    ck_assert_int_eq(put(1, 3, 1, 0, true), 0);
    ck_assert_int_eq(ears[0].woken + ears[1].woken, 2);
    ck_assert_int_eq(ears[2].woken, 0);
    roster_unsubscribe(roster, &ears[0].subscription);
    ck_assert_int_eq(put(1, 4, 2, 0, true), 0);
    ck_assert_int_eq(ears[0].woken, 1);
    ck_assert_int_eq(ears[1].woken, 2);
    roster_unsubscribe(roster, &ears[1].subscription);
    roster_unsubscribe(roster, &ears[1].subscription);
    roster_unsubscribe(roster, &ears[2].subscription);
    ck_assert(!roster_connected(roster, 1));
    ck_assert_uint_eq(roster_subscribed(roster), 0);
}
END_TEST

START_TEST(the_oldest_of_too_many_streams_is_evicted)
{
    struct ear ears[ROSTER_SUBSCRIPTIONS_MAX + 1];
    struct roster_device *device;

    memset(ears, 0, sizeof(ears));
    ck_assert_int_eq(put(1, 1, 0, 0, false), 0);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    for (int i = 0; i <= ROSTER_SUBSCRIPTIONS_MAX; i++) {
        ears[i].subscription.wake = hear;
        roster_subscribe(roster, device, &ears[i].subscription);
    }
    for (int i = 0; i <= ROSTER_SUBSCRIPTIONS_MAX; i++) {
        ck_assert_int_eq(ears[i].woken, i == 0);
        ck_assert_int_eq(atomic_load(&ears[i].subscription.evicted), i == 0);
        roster_unsubscribe(roster, &ears[i].subscription);
    }
}
END_TEST

START_TEST(moves_apply_in_order_or_tell_of_a_gap)
{
    struct roster_row move = {.id = 1, .revision = 2, .version = 5, .assignment_id = 9};
    struct arena arena = {0};
    struct roster_device *device;
    struct assignment *held;
    int64_t version;
    size_t size;

    ck_assert_int_eq(roster_move(roster, &move), ROSTER_E_GAP);
    ck_assert_int_eq(put(1, 1, 4, 0, false), 0);
    held = assignments_add(roster_assignments(roster), 9, "{\"main\":{}}");
    ck_assert_int_eq(roster_move(roster, &move), 0);
    assignments_drop(roster_assignments(roster), held);
    ck_assert_int_eq(ask(1, 0, &device), 0);
    ck_assert_str_eq(roster_device_state(roster, device, &arena, &size, &version),
                     "{\"version\":5,\"slots\":{\"main\":{}}}");
    ck_assert_int_eq(version, 5);

    move.version = 77;
    ck_assert_int_eq(roster_move(roster, &move), 0); /* known already */
    ck_assert_int_eq(roster_device_version(device), 5);
    move.revision = 4;
    ck_assert_int_eq(roster_move(roster, &move), ROSTER_E_GAP);
    ck_assert_int_eq(put(1, 4, 6, 0, false), 0); /* and nothing in its slots */
    ck_assert_str_eq(roster_device_state(roster, device, &arena, &size, &version),
                     "{\"version\":6,\"slots\":{}}");
    ck_assert_uint_eq(assignments_count(roster_assignments(roster)), 0);
    arena_release(&arena);
}
END_TEST

START_TEST(a_load_revokes_what_is_gone)
{
    struct roster_device *device;

    ck_assert_int_eq(put(1, 1, 0, 0, false), 0);
    ck_assert_int_eq(put(2, 1, 0, 0, false), 0);
    roster_load_begin(roster);
    ck_assert_int_eq(put(2, 1, 0, 0, false), 0);
    roster_load_end(roster);
    ck_assert_int_eq(ask(1, 0, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(ask(2, 0, &device), 0);
    ck_assert_uint_eq(roster_count(roster), 1);
}
END_TEST

START_TEST(tells_when_devices_were_seen_and_left)
{
    struct roster_seen seen[8];
    struct roster_device *device;
    struct ear ear = {.subscription.wake = hear};
    size_t cursor = 0;

    for (int64_t id = 1; id <= 20; id++) {
        ck_assert_int_eq(put(id, 1, 0, 0, false), 0);
        ck_assert_int_eq(ask(id, 0, &device), 0);
    }
    size_t taken = 0;
    do {
        taken += roster_seen_take(roster, 60, &cursor, seen, 8);
    } while (cursor != 0);
    ck_assert_uint_eq(taken, 20);
    ck_assert_uint_eq(roster_seen_take(roster, 60, &cursor, seen, 8), 0);

    roster_subscribe(roster, device, &ear.subscription);
    ck_assert_uint_eq(roster_seen_take(roster, 60, &cursor, seen, 8), 1);
    ck_assert(seen[0].connected && !seen[0].was_connected);
    roster_unsubscribe(roster, &ear.subscription);
    ck_assert_uint_eq(roster_seen_take(roster, 60, &cursor, seen, 8), 1);
    ck_assert(!seen[0].connected && seen[0].was_connected);
    roster_device_seen(device, 1060);
    ck_assert_uint_eq(roster_seen_take(roster, 60, &cursor, seen, 8), 1);
    ck_assert_int_eq(seen[0].seen_s, 1060);
}
END_TEST

/* Writers rotate tokens and change versions while readers ask, wait and leave. */
enum {
    DEVICES = 64,
    ROUNDS = 300
};

static void *rotate(void *arg)
{
    int64_t from = *(int64_t *)arg;

    for (int round = 1; round <= ROUNDS; round++)
        for (int64_t id = from; id <= DEVICES; id += 2)
            ck_assert_int_eq(put(id, round + 1, round, round, true), 0);
    return NULL;
}

static void *visit(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        for (int64_t id = 1; id <= DEVICES; id++) {
            struct ear ear = {.subscription.wake = hear};
            struct roster_device *device;

            if (ask(id, round, &device) != 0)
                continue;
            ck_assert_int_eq(roster_device_id(device), id);
            roster_subscribe(roster, device, &ear.subscription);
            roster_unsubscribe(roster, &ear.subscription);
        }
    }
    return NULL;
}

START_TEST(holds_under_readers_and_writers)
{
    int64_t starts[] = {1, 2};
    pthread_t threads[4];
    struct roster_device *device;

    for (int64_t id = 1; id <= DEVICES; id++)
        ck_assert_int_eq(put(id, 1, 0, 0, false), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, rotate, &starts[i]), 0);
        ck_assert_int_eq(pthread_create(&threads[2 + i], NULL, visit, NULL), 0);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int64_t id = 1; id <= DEVICES; id++) {
        ck_assert_int_eq(ask(id, ROUNDS + 1, &device), 0);
        ck_assert_int_eq(roster_device_version(device), ROUNDS);
        for (int n = 0; n <= ROUNDS; n++)
            ck_assert_int_eq(ask(id, n, &device), ROSTER_E_TOKEN);
    }
    ck_assert_uint_eq(roster_count(roster), DEVICES);
    ck_assert_uint_eq(roster_subscribed(roster), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "push/roster", set_up, tear_down, refuses_nobody_before_it_is_loaded,
        finds_a_device_by_its_token, ignores_rows_that_are_not_newer,
        an_old_token_works_until_the_next_is_used, revocation_is_final_whatever_was_read_before,
        wakes_exactly_those_whose_version_changed, the_oldest_of_too_many_streams_is_evicted,
        moves_apply_in_order_or_tell_of_a_gap, a_load_revokes_what_is_gone,
        tells_when_devices_were_seen_and_left, holds_under_readers_and_writers);
}
