/* SPDX-License-Identifier: Apache-2.0 */
#include "work/pool.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct pool_thread {
    struct pool *pool;
    pthread_t thread;
    void *worker;
};

struct pool {
    struct pool_config config;
    char name[16];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pool_job *head;
    struct pool_job **tail;
    size_t waiting;
    bool stopped;
    size_t started; /* threads that pool_stop has to join */
    struct pool_thread threads[];
};

/* The next job, or NULL where the pool stops and nothing waits any more. */
static struct pool_job *take(struct pool *pool)
{
    struct pool_job *job;

    (void)pthread_mutex_lock(&pool->lock);
    while (!pool->head && !pool->stopped)
        (void)pthread_cond_wait(&pool->wake, &pool->lock);
    job = pool->head;
    if (job) {
        pool->head = job->next;
        if (!pool->head)
            pool->tail = &pool->head;
        pool->waiting--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *serve(void *arg)
{
    struct pool_thread *self = arg;
    struct pool_job *job;

    for (job = take(self->pool); job; job = take(self->pool)) {
        job->next = NULL;
        job->run(job, self->worker);
    }
    return NULL;
}

/* Signals are the main thread's. */
static int spawn(struct pool_thread *thread)
{
    sigset_t all;
    sigset_t before;
    int err;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&thread->thread, NULL, serve, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        return log_fail(ERR_INTERNAL, "cannot start a thread of pool '%s': %s", thread->pool->name,
                        strerror(err));
    (void)pthread_setname_np(thread->thread, thread->pool->name);
    return 0;
}

static int start(struct pool *pool)
{
    for (size_t i = 0; i < pool->config.threads; i++) {
        struct pool_thread *thread = &pool->threads[i];
        int r = 0;

        thread->pool = pool;
        if (pool->config.worker_new)
            r = pool->config.worker_new(pool->config.arg, &thread->worker);
        if (r)
            return r;
        r = spawn(thread);
        if (r) {
            if (pool->config.worker_free)
                pool->config.worker_free(thread->worker);
            return r;
        }
        pool->started++;
    }
    return 0;
}

DEFINE_CLEANUP(cleanup_pool, struct pool *, pool_free);

int pool_new(const struct pool_config *config, struct pool **ret_pool)
{
    CLEANUP(cleanup_pool)
    struct pool *pool = calloc(1, sizeof(*pool) + config->threads * sizeof(pool->threads[0]));
    int r;

    if (!pool)
        return log_fail(ERR_NO_MEMORY, "cannot make pool '%s': out of memory", config->name);
    pool->config = *config;
    (void)snprintf(pool->name, sizeof(pool->name), "%s", config->name);
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->wake, NULL);
    pool->tail = &pool->head;
    r = start(pool);
    if (r)
        return r;
    *ret_pool = TAKE_PTR(pool);
    return 0;
}

int pool_submit(struct pool *pool, struct pool_job *job)
{
    int r = 0;

    job->next = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->stopped) {
        r = POOL_E_STOPPED;
    } else if (pool->waiting >= pool->config.queue_max) {
        r = POOL_E_FULL;
    } else {
        *pool->tail = job;
        pool->tail = &job->next;
        pool->waiting++;
        (void)pthread_cond_signal(&pool->wake);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return r;
}

size_t pool_waiting(struct pool *pool)
{
    size_t waiting;

    (void)pthread_mutex_lock(&pool->lock);
    waiting = pool->waiting;
    (void)pthread_mutex_unlock(&pool->lock);
    return waiting;
}

void pool_stop(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->stopped = true;
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
    for (; pool->started > 0; pool->started--) {
        struct pool_thread *thread = &pool->threads[pool->started - 1];

        (void)pthread_join(thread->thread, NULL);
        if (pool->config.worker_free)
            pool->config.worker_free(thread->worker);
    }
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pool_stop(pool);
    (void)pthread_cond_destroy(&pool->wake);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
