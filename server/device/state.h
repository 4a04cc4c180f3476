/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_STATE_H
#define DEVICE_STATE_H

#include "http/router.h"

/* GET /device/v1/state: inline, from memory; 304 or the state; held back with ?wait=SECONDS. */
int state_get(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
