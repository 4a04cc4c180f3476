/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ALIASES_H
#define API_ALIASES_H

#include "http/router.h"

/* Aliases of a model: names of versions that move. */

int aliases_on_list(const struct call *call, struct reply *reply);
int aliases_on_get(const struct call *call, struct reply *reply);
int aliases_on_put(const struct call *call, struct reply *reply);
int aliases_on_delete(const struct call *call, struct reply *reply);

#endif
