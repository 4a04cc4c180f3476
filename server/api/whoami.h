/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_WHOAMI_H
#define API_WHOAMI_H

#include "http/router.h"

/* GET /api/v1/whoami: the workspace and the token of who asks. */
int whoami_on_get(const struct call *call, struct reply *reply);

#endif
