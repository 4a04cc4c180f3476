/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_DEVICES_H
#define API_DEVICES_H

#include "http/router.h"

/* /api/v1/devices, /api/v1/devices/{device} and its reports */
int devices_on_list(const struct call *call, struct reply *reply) MUST_CHECK;
int devices_on_get(const struct call *call, struct reply *reply) MUST_CHECK;
int devices_on_delete(const struct call *call, struct reply *reply) MUST_CHECK;
int devices_on_reports(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
