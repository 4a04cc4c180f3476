/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_EVENTS_H
#define DEVICE_EVENTS_H

#include "http/router.h"

/* GET /device/v1/events: Server-Sent Events (docs/PROTOCOL.md, Events). Inline, from memory. */
int events_get(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
