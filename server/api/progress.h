/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_PROGRESS_H
#define API_PROGRESS_H

#include "http/router.h"

/* POST /api/v1/desired/progress: how far devices are with a version that was set for them. */
int progress_on_post(const struct call *call, struct reply *reply);

#endif
