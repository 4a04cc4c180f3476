/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_DESIRED_H
#define API_DESIRED_H

#include "http/router.h"

/* /api/v1/devices/{device}/desired and /api/v1/desired */
int desired_on_get(const struct call *call, struct reply *reply) MUST_CHECK;
int desired_on_put(const struct call *call, struct reply *reply) MUST_CHECK;
int desired_on_post(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
