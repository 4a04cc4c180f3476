/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_IDEMPOTENT_H
#define API_IDEMPOTENT_H

#include "http/router.h"

/* The api listener's `idempotent`: runs a handler by core/idempotency, or answers what it answered
 * to the same request before, with "Idempotent-Replayed: true". */
int idempotent_handle(const struct call *call, const struct route *route, const char *key,
                      struct reply *reply);

#endif
