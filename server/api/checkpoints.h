/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_CHECKPOINTS_H
#define API_CHECKPOINTS_H

#include "http/router.h"

/* /api/v1/audit/checkpoints: signed words on how far the audit log goes. */
int checkpoints_on_list(const struct call *call, struct reply *reply);
int checkpoints_on_post(const struct call *call, struct reply *reply);

#endif
