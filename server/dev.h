/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEV_H
#define DEV_H

#include "base/arena.h"
#include "base/error.h"
#include "config.h"

/*
 * `modelferryd --dev DIR`: everything a server needs, under one directory.
 *
 *     DIR/postgres*     the private PostgreSQL (db/embedded.h)
 *     DIR/cache         assembled artifacts
 *     DIR/admin.token   the token of a first administrator, mode 0600
 *     DIR/master.key    the master key (keys.master_file), mode 0600
 *     DIR/ports.json    what is listened on, while it runs
 *     DIR/database.url  where the PostgreSQL is, while it runs
 */
struct dev;

/* On the main thread. Starts PostgreSQL and sets what config leaves open (into the arena). */
int dev_start(const char *directory, struct arena *arena, struct config *config,
              struct dev **ret_dev) MUST_CHECK;

/* For commands: uses the PostgreSQL of a server that runs there, or starts it. */
int dev_join(const char *directory, struct arena *arena, struct config *config,
             struct dev **ret_dev) MUST_CHECK;

/* Sets the same in a configuration that was read again. dev may be NULL. */
void dev_apply(const struct dev *dev, struct arena *arena, struct config *config);

/* As embedded_watch (db/embedded.h); dev may be NULL. */
int64_t dev_watch(struct dev *dev);

/* Accepts NULL. */
void dev_stop(struct dev *dev);

#endif
