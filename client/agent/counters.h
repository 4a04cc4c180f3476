/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_COUNTERS_H
#define AGENT_COUNTERS_H

#include "agent/store.h"
#include "base/error.h"

#include <stdint.h>

/*
 * The highest release counter of each model that was ever served here (metadata/counters.json).
 * Publishers put the counter into the manifest and raise it when older versions must not come back:
 * then no director, and no server, can take a device back to one. Most versions have none (0), and
 * may be exchanged for each other freely.
 */

/* 0: any. Where the file is lost, what is installed speaks for itself. */
int64_t counters_floor(const struct store *store, const char *model);

/* Raises a model's floor, durably; never lowers it. Returns 0 or negative. */
int counters_raise(const struct store *store, const char *model, int64_t counter) MUST_CHECK;

#endif
