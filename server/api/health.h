/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include "http/router.h"

/* 200 while the process runs. */
int health_live(const struct call *call, struct reply *reply);

/* 200 when the database answers, else 503. The schema was checked at start. */
int health_ready(const struct call *call, struct reply *reply);

#endif
