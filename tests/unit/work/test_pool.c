/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "work/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_open;
static int started;
static atomic_int ran;
static atomic_int workers;

static int worker_new(void *arg, void **ret_worker)
{
    (void)atomic_fetch_add(&workers, 1);
    *ret_worker = arg;
    return 0;
}

static void worker_free(void *worker)
{
    (void)worker;
    (void)atomic_fetch_sub(&workers, 1);
}

static int worker_fails(void *arg, void **ret_worker)
{
    return atomic_load(&workers) == 2 ? ERR_UNAVAILABLE : worker_new(arg, ret_worker);
}

static struct pool_config config = {
    .name = "test",
    .threads = 2,
    .queue_max = 2,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .arg = &ran,
};

static void count(struct pool_job *job, void *worker)
{
    (void)job;
    ck_assert_ptr_eq(worker, &ran);
    (void)atomic_fetch_add(&ran, 1);
}

/* Runs until the gate opens. */
static void block(struct pool_job *job, void *worker)
{
    (void)pthread_mutex_lock(&gate);
    started++;
    (void)pthread_cond_broadcast(&opened);
    while (!is_open)
        (void)pthread_cond_wait(&opened, &gate);
    (void)pthread_mutex_unlock(&gate);
    count(job, worker);
}

static void wait_started(int wanted)
{
    (void)pthread_mutex_lock(&gate);
    while (started < wanted)
        (void)pthread_cond_wait(&opened, &gate);
    (void)pthread_mutex_unlock(&gate);
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&gate);
    is_open = true;
    (void)pthread_cond_broadcast(&opened);
    (void)pthread_mutex_unlock(&gate);
}

START_TEST(refuses_what_does_not_fit_into_the_queue)
{
    struct pool_job jobs[5] = {{block}, {block}, {count}, {count}, {count}};
    struct pool *pool;

    ck_assert_int_eq(pool_new(&config, &pool), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[0]), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[1]), 0);
    wait_started(2);
    ck_assert_int_eq(pool_submit(pool, &jobs[2]), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[3]), 0);
    ck_assert_uint_eq(pool_waiting(pool), 2);
    ck_assert_int_eq(pool_submit(pool, &jobs[4]), POOL_E_FULL);
    open_gate();
    pool_stop(pool);
    ck_assert_int_eq(atomic_load(&ran), 4);
    pool_free(pool);
}
END_TEST

START_TEST(runs_what_waits_before_it_stops_and_takes_no_more)
{
    struct pool_job jobs[3] = {{count}, {count}, {count}};
    struct pool *pool;

    ck_assert_int_eq(pool_new(&config, &pool), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[0]), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[1]), 0);
    pool_stop(pool);
    pool_stop(pool);
    ck_assert_int_eq(atomic_load(&ran), 2);
    ck_assert_int_eq(atomic_load(&workers), 0);
    ck_assert_int_eq(pool_submit(pool, &jobs[2]), POOL_E_STOPPED);
    pool_free(pool);
    pool_free(NULL);
}
END_TEST

START_TEST(frees_its_workers_where_one_cannot_be_made)
{
    struct pool_config failing = config;
    struct pool *pool = NULL;

    failing.worker_new = worker_fails;
    failing.threads = 4;
    ck_assert_int_eq(pool_new(&failing, &pool), ERR_UNAVAILABLE);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(atomic_load(&workers), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("work/pool", refuses_what_does_not_fit_into_the_queue,
                     runs_what_waits_before_it_stops_and_takes_no_more,
                     frees_its_workers_where_one_cannot_be_made);
}
