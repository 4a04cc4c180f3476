/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ACTOR_H
#define API_ACTOR_H

#include "http/router.h"
#include "proto/audit_entry.h"

/* Who a request is by, for what it changes; borrows from the request. */
struct audit_actor actor_of(const struct call *call);

#endif
