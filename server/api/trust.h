/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_TRUST_H
#define API_TRUST_H

#include "http/router.h"

/*
 * The offline half of the two TUF repositories: what is in force, what waits for signatures, and
 * the files that people sign on their own machines.
 */
int trust_on_status(const struct call *call, struct reply *reply);
int trust_on_online_key(const struct call *call, struct reply *reply);
int trust_on_role_get(const struct call *call, struct reply *reply);
int trust_on_root_get(const struct call *call, struct reply *reply);
int trust_on_role_post(const struct call *call, struct reply *reply);
int trust_on_pending_get(const struct call *call, struct reply *reply);
int trust_on_pending_delete(const struct call *call, struct reply *reply);

/* The image repository as TUF clients read it (image/serve.h). */
int trust_on_metadata(const struct call *call, struct reply *reply);
int trust_on_manifest(const struct call *call, struct reply *reply);
int trust_on_artifact(const struct call *call, struct reply *reply);

#endif
