/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORK_POOL_H
#define WORK_POOL_H

#include "base/error.h"

#include <stddef.h>

/*
 * A bounded queue of jobs and a fixed number of threads that run them, each with a thing of its own
 * (here: a database connection). What may block, blocks here and never on an I/O thread.
 */
struct pool;

/*
 * Embedded in whatever the job is about; the owner keeps it alive until run() was called.
 * worker is what worker_new made for this thread.
 */
struct pool_job {
    void (*run)(struct pool_job *job, void *worker);
    struct pool_job *next; /* the queue's */
};

struct pool_config {
    const char *name; /* of the threads, at most 15 characters */
    size_t threads;
    size_t queue_max; /* jobs that wait, at most */
    int (*worker_new)(void *arg, void **ret_worker);
    void (*worker_free)(void *worker);
    void *arg;
};

enum {
    POOL_E_FULL = 1,
    POOL_E_STOPPED = 2,
};

int pool_new(const struct pool_config *config, struct pool **ret_pool) MUST_CHECK;

/* Never blocks. On anything but 0 the job will not run. */
int pool_submit(struct pool *pool, struct pool_job *job) MUST_CHECK;

/* How many jobs wait. */
size_t pool_waiting(struct pool *pool);

/* Takes no more jobs, runs those that wait, joins the threads. May be called twice. */
void pool_stop(struct pool *pool);

/* Stops it first where that was not done. Accepts NULL. */
void pool_free(struct pool *pool);

#endif
