/* SPDX-License-Identifier: Apache-2.0 */
#include "push/follow.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "db/q_roster.h"
#include "push/roster_seen.h"
#include "push/rows.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define PAGE_ROWS 10000
#define SEEN_ROWS 5000
#define SEEN_AGE_S 60      /* a device's last-seen time is written at most that often */
#define ONLINE_LEASE_S 180 /* how long a connected device stays online after an instance died */
#define ONLINE_LINGER_S 60 /* between two long-polls of a device */
#define RELOAD_AFTER_S                                                                             \
    1800 /* cut off for longer: device_change (kept for an hour) may have gaps                     \
          */
#define TRIM_INTERVAL_S 300
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

struct follow {
    struct follow_config config;
    struct db *db;
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;

    /* Of the thread alone from here. */
    bool loaded;
    int64_t xmin;                 /* of the last sweep's snapshot */
    struct q_roster_change *seen; /* changes from xmin on that were applied already */
    size_t seen_count;
    int64_t swept_s;
    int64_t trimmed_s;
    int64_t seen_written_ms;
};

static int64_t now_ms(const struct follow *follow)
{
    return clock_monotonic_us(follow->config.clock) / 1000;
}

/* ---- load and sweep ---------------------------------------------------------------------------
 */

static void forget_seen(struct follow *follow)
{
    free(follow->seen);
    follow->seen = NULL;
    follow->seen_count = 0;
}

static int load(struct follow *follow)
{
    int64_t after = 0;
    int64_t xmin;
    int count;
    int r;

    /* Read first: what is committed later than this is swept again. */
    r = q_roster_xmin(follow->db, &xmin);
    if (r)
        return r;
    roster_load_begin(follow->config.roster);
    do {
        CLEANUP(db_rows_release) struct db_rows rows = {0};
        struct q_roster_row last;

        r = q_roster_page(follow->db, after, PAGE_ROWS, &rows);
        if (r == 0)
            r = rows_put(follow->db, follow->config.roster, &rows);
        if (r)
            return r;
        count = rows.count;
        if (count > 0) {
            q_roster_row(&rows, count - 1, &last);
            after = last.id;
        }
    } while (count == PAGE_ROWS && !atomic_load(&follow->stop));
    if (atomic_load(&follow->stop))
        return ERR_CANCELLED;

    roster_load_end(follow->config.roster);
    forget_seen(follow);
    follow->xmin = xmin;
    follow->loaded = true;
    log_line(LOG_INFO, "roster loaded: %zu devices", roster_count(follow->config.roster));
    return 0;
}

static int apply(struct follow *follow, int64_t change_id)
{
    CLEANUP(db_rows_release) struct db_rows moves = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = q_roster_moves(follow->db, change_id, &moves);

    if (r)
        return r;
    if (moves.count > 0)
        return rows_move(follow->db, follow->config.roster, &moves);
    r = q_roster_changed(follow->db, change_id, &rows);
    return r ? r : rows_put(follow->db, follow->config.roster, &rows);
}

/* Remembers what was applied and could be read again. */
static int remember(struct follow *follow, const struct q_roster_change *changes, size_t count,
                    int64_t xmin)
{
    struct q_roster_change *seen = calloc(follow->seen_count + count + 1, sizeof(*seen));
    size_t kept = 0;

    if (!seen)
        return log_fail(ERR_NO_MEMORY, "cannot remember the changes seen: out of memory");
    for (size_t i = 0; i < follow->seen_count; i++)
        if (follow->seen[i].xid >= xmin)
            seen[kept++] = follow->seen[i];
    for (size_t i = 0; i < count; i++)
        if (changes[i].xid >= xmin)
            seen[kept++] = changes[i];
    free(follow->seen);
    follow->seen = seen;
    follow->seen_count = kept;
    return 0;
}

static int sweep(struct follow *follow)
{
    CLEANUP(arena_release) struct arena arena = {0};
    int64_t *seen_ids = arena_array(&arena, follow->seen_count, sizeof(*seen_ids));
    struct q_roster_change *changes;
    size_t count;
    int64_t xmin;
    int r;

    for (size_t i = 0; i < follow->seen_count; i++)
        seen_ids[i] = follow->seen[i].id;
    r = q_roster_changes(follow->db, &arena, follow->xmin, seen_ids, follow->seen_count, &xmin,
                         &changes, &count);
    if (r)
        return r;
    if (xmin < follow->xmin) {
        log_line(LOG_WARN, "the database went back in time (restored?): loading all devices again");
        return load(follow);
    }
    for (size_t i = 0; i < count; i++) {
        r = apply(follow, changes[i].id);
        if (r)
            return r;
    }
    r = remember(follow, changes, count, xmin);
    if (r)
        return r;
    follow->xmin = xmin;
    return 0;
}

static int catch_up(struct follow *follow)
{
    int64_t now_s = now_ms(follow) / 1000;
    int r;

    /* Each time: the connection may be another one than at the last sweep. */
    r = db_listen(follow->db, "device_change");
    if (r)
        return r;
    if (!follow->loaded || now_s - follow->swept_s > RELOAD_AFTER_S)
        r = load(follow);
    else
        r = sweep(follow);
    if (r == 0)
        follow->swept_s = now_s;
    return r;
}

/* ---- what the roster gathered -------------------------------------------------------------------
 */

static int write_promotions(struct follow *follow)
{
    struct roster_promotion promotion;

    while (roster_take_promotion(follow->config.roster, &promotion)) {
        int r = q_roster_promote(follow->db, promotion.device_id, promotion.token);

        if (r == ERR_UNAVAILABLE)
            roster_put_promotion(follow->config.roster, &promotion);
        if (r)
            return r;
    }
    return 0;
}

static int64_t online_until_s(const struct follow *follow, const struct roster_seen *seen)
{
    if (seen->connected)
        return seen->seen_s + ONLINE_LEASE_S;
    if (seen->was_connected)
        return seen->seen_s + ONLINE_LINGER_S;
    return seen->seen_s + 2 * follow->config.poll_interval_s;
}

static int write_seen_batch(struct follow *follow, const struct roster_seen *seen, size_t count)
{
    CLEANUP(arena_release) struct arena arena = {0};
    int64_t *ids = arena_array(&arena, count, sizeof(*ids));
    int64_t *seen_ms = arena_array(&arena, count, sizeof(*seen_ms));
    int64_t *until_ms = arena_array(&arena, count, sizeof(*until_ms));

    for (size_t i = 0; i < count; i++) {
        ids[i] = seen[i].device_id;
        seen_ms[i] = seen[i].seen_s * 1000;
        until_ms[i] = online_until_s(follow, &seen[i]) * 1000;
    }
    return q_roster_seen(follow->db, &arena, ids, seen_ms, until_ms, count);
}

static int write_seen(struct follow *follow)
{
    AUTO_FREE struct roster_seen *seen = calloc(SEEN_ROWS, sizeof(*seen));
    size_t cursor = 0;

    if (!seen)
        return log_fail(ERR_NO_MEMORY, "cannot write last-seen times: out of memory");
    do {
        size_t count =
            roster_seen_take(follow->config.roster, SEEN_AGE_S, &cursor, seen, SEEN_ROWS);
        int r = count > 0 ? write_seen_batch(follow, seen, count) : 0;

        if (r)
            return r;
    } while (cursor != 0);
    return 0;
}

static int maintain(struct follow *follow)
{
    int64_t now = now_ms(follow);
    int r = write_promotions(follow);

    if (r == 0 && now - follow->seen_written_ms >= follow->config.seen_interval_ms) {
        follow->seen_written_ms = now;
        r = write_seen(follow);
    }
    if (r == 0 && now / 1000 - follow->trimmed_s >= TRIM_INTERVAL_S) {
        follow->trimmed_s = now / 1000;
        r = q_roster_trim(follow->db);
    }
    return r;
}

/* ---- the thread
 * ----------------------------------------------------------------------------------- */

static void wake(void *arg)
{
    struct follow *follow = arg;

    (void)eventfd_write(follow->wake_fd, 1);
}

static void wait_woken(struct follow *follow, int timeout_ms)
{
    struct pollfd fd = {.fd = follow->wake_fd, .events = POLLIN};

    (void)poll(&fd, 1, timeout_ms);
}

/* One round: catch up, write back, wait for news. */
static int round_once(struct follow *follow)
{
    int timeout_ms = follow->config.sweep_interval_ms;
    eventfd_t value;
    int r = catch_up(follow);

    if (r == 0)
        r = maintain(follow);
    if (r || atomic_load(&follow->stop))
        return r;
    if (timeout_ms > follow->config.seen_interval_ms)
        timeout_ms = follow->config.seen_interval_ms;
    r = db_wait_notify(follow->db, timeout_ms, follow->wake_fd);
    if (r == DB_E_WOKEN)
        (void)eventfd_read(follow->wake_fd, &value);
    return r < 0 ? r : 0;
}

static void *run(void *arg)
{
    struct follow *follow = arg;
    int backoff_ms = 0;

    while (!atomic_load(&follow->stop)) {
        uint16_t jitter;

        if (round_once(follow) == 0) {
            backoff_ms = 0;
            continue;
        }
        /* The first try again comes at once: a connection that was cut is no outage. */
        if (backoff_ms > 0) {
            secret_random(&jitter, sizeof(jitter));
            wait_woken(follow, backoff_ms / 2 + jitter % backoff_ms);
        }
        backoff_ms = backoff_ms == 0 ? BACKOFF_MIN_MS : backoff_ms * 2;
        if (backoff_ms > BACKOFF_MAX_MS)
            backoff_ms = BACKOFF_MAX_MS;
    }
    if (follow->loaded && write_promotions(follow) == 0)
        (void)write_seen(follow);
    return NULL;
}

int follow_new(const struct follow_config *config, struct follow **ret_follow)
{
    struct follow *follow = calloc(1, sizeof(*follow));
    int r;

    if (!follow)
        return log_fail(ERR_NO_MEMORY, "cannot follow the database: out of memory");
    follow->config = *config;
    follow->config.db = NULL;
    follow->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (follow->wake_fd < 0) {
        free(follow);
        return log_fail_errno("cannot make an eventfd");
    }
    r = db_new(config->db, &follow->db);
    if (r == 0 && pthread_create(&follow->thread, NULL, run, follow) != 0)
        r = log_fail(ERR_NO_MEMORY, "cannot start the thread that follows the database");
    if (r) {
        db_free(follow->db);
        (void)close(follow->wake_fd);
        free(follow);
        return r;
    }
    (void)pthread_setname_np(follow->thread, "follow");
    roster_on_promotion(config->roster, wake, follow);
    *ret_follow = follow;
    return 0;
}

void follow_free(struct follow *follow)
{
    if (!follow)
        return;
    roster_on_promotion(follow->config.roster, NULL, NULL);
    atomic_store(&follow->stop, true);
    wake(follow);
    (void)pthread_join(follow->thread, NULL);
    db_free(follow->db);
    free(follow->seen);
    (void)close(follow->wake_fd);
    free(follow);
}
