/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_REPORTS_H
#define DEVICE_REPORTS_H

#include "http/router.h"

/* POST /device/v1/reports: takes in a signed report (docs/PROTOCOL.md, Report). */
int reports_on_post(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
