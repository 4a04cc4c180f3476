/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REGISTRY_REPLY_H
#define API_REGISTRY_REPLY_H

#include "core/registry/registry.h"
#include "http/router.h"

#include <stdbool.h>
#include <stdint.h>

/* What the routes have in common that change something about models and versions. */

/* The place of the route's {model} (NULL: it has none); borrows the actor. */
struct registry_place registry_reply_place(const struct call *call,
                                           const struct audit_actor *actor);

/* What If-Match or `If-None-Match: *` expect. Returns whether they make sense; the reply is a
 * problem otherwise. */
bool registry_reply_expected(const struct call *call, int64_t *ret_expected, struct reply *reply);

/* ETag: "7". */
void registry_reply_etag(struct reply *reply, int64_t revision);

/* Answers an outcome of these modules with its problem; refusal says why. Returns 0, or a fatal
 * error to be forwarded. */
int registry_reply_refuse(struct reply *reply, int outcome,
                          const struct registry_refusal *refusal) MUST_CHECK;

#endif
