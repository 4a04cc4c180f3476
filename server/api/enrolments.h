/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ENROLMENTS_H
#define API_ENROLMENTS_H

#include "http/router.h"

/* /api/v1/enrolments */
int enrolments_on_post(const struct call *call, struct reply *reply) MUST_CHECK;
int enrolments_on_list(const struct call *call, struct reply *reply) MUST_CHECK;
int enrolments_on_delete(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
