/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_FLEET_PROBLEMS_H
#define API_FLEET_PROBLEMS_H

#include "core/fleet/desired.h"
#include "http/reply.h"

/* Problems of devices and what they should run. */

extern const struct problem fleet_problems_unknown_device;

void fleet_problems_device(struct reply *reply, const char *device);

/* For an outcome of core/fleet/desired. Returns 0, or negative where it is none of these. */
int fleet_problems_desired(struct reply *reply, int outcome,
                           const struct desired_refusal *refusal) MUST_CHECK;

#endif
