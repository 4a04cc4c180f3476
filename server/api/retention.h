/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RETENTION_H
#define API_RETENTION_H

#include "http/router.h"

/* Which versions of a model are kept. */

int retention_on_get(const struct call *call, struct reply *reply);
int retention_on_put(const struct call *call, struct reply *reply);
int retention_on_delete(const struct call *call, struct reply *reply);

/* What the rule, or one that the query names, would do. */
int retention_on_plan(const struct call *call, struct reply *reply);

#endif
