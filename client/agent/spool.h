/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include "agent/store.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Reports that were not delivered yet: one durable file each, spool/<sequence, 19 digits>.json.
 * Bounded: when it is full the oldest go, since newer reports say more about now.
 */
struct spool {
    const struct store *store;
    size_t reports_max; /* 0: SPOOL_REPORTS_MAX */
    uint64_t bytes_max; /* 0: SPOOL_BYTES_MAX */
};

#define SPOOL_REPORTS_MAX 1000
#define SPOOL_BYTES_MAX ((uint64_t)4 << 20)

enum {
    SPOOL_E_EMPTY = 1,
};

/* The same sequence again replaces. */
int spool_put(const struct spool *spool, int64_t sequence, const void *bytes,
              size_t size) MUST_CHECK;

/*
 * The oldest report. Files that are not reports are ignored.
 *
 * ret_bytes  malloc'd
 */
int spool_first(const struct spool *spool, int64_t *ret_sequence, char **ret_bytes,
                size_t *ret_size) MUST_CHECK;

/* It was delivered, or can never be. Missing is fine. */
int spool_drop(const struct spool *spool, int64_t sequence) MUST_CHECK;

/* How many wait. */
int spool_count(const struct spool *spool, size_t *ret_count) MUST_CHECK;

/* The highest sequence in the spool; 0: empty. */
int spool_last(const struct spool *spool, int64_t *ret_sequence) MUST_CHECK;

#endif
