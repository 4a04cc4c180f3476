/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_TOKENS_H
#define API_TOKENS_H

#include "http/router.h"

/* /api/v1/tokens */
int tokens_on_post(const struct call *call, struct reply *reply);
int tokens_on_list(const struct call *call, struct reply *reply);

/* /api/v1/tokens/{id} */
int tokens_on_delete(const struct call *call, struct reply *reply);

#endif
