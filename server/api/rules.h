/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RULES_H
#define API_RULES_H

#include "http/router.h"

/* What administrators demand of all models, or of one. */

int rules_on_get(const struct call *call, struct reply *reply);
int rules_on_put(const struct call *call, struct reply *reply);

#endif
