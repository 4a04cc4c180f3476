/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "http/router.h"

/* Prometheus' text format, from memory: it answers also while the database is away. */
int metrics_get(const struct call *call, struct reply *reply);

#endif
