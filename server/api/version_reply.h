/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_VERSION_REPLY_H
#define API_VERSION_REPLY_H

#include "core/registry/versions.h"
#include "http/router.h"

#include <jansson.h>

/* What the routes of versions and signatures answer alike. */

/* The place of the route's {model}; borrows the actor. */
struct versions_place version_reply_place(const struct call *call, const struct audit_actor *actor);

/* A version as JSON, a new reference: as in lists, and with what was read from its files. */
json_t *version_reply_encode(const char *model, const struct q_version *version);
json_t *version_reply_encode_whole(const char *model, const struct q_version *version);

/*
 * Answers an outcome of core/registry/versions with its problem. version is what the route or the
 * manifest names, or NULL. Returns 0, or a fatal error to be forwarded.
 */
int version_reply_refuse(const struct call *call, const char *version, int outcome,
                         const struct versions_failure *failure, struct reply *reply) MUST_CHECK;

#endif
