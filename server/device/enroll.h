/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_ENROLL_H
#define DEVICE_ENROLL_H

#include "http/router.h"

/* POST /device/v1/enroll (docs/PROTOCOL.md, Enrolment). */
int enroll_post(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
