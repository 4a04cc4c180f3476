/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_APPROVALS_H
#define API_APPROVALS_H

#include "http/router.h"

/* Who found a version fit for deployment, and why. */

int approvals_on_list(const struct call *call, struct reply *reply);
int approvals_on_post(const struct call *call, struct reply *reply);
int approvals_on_delete(const struct call *call, struct reply *reply);

#endif
