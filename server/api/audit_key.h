/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_AUDIT_KEY_H
#define API_AUDIT_KEY_H

#include "http/router.h"

/* The public halves of the keys with which the server signs reports and checkpoints. */
int audit_key_on_get(const struct call *call, struct reply *reply);
/* Puts a new key in the place of the one in use. */
int audit_key_on_post(const struct call *call, struct reply *reply);

/* Why the server cannot sign (core/audit/audit_key.h's outcomes): a problem with what to do.
 * Returns 0, or what it was given where that is negative. */
int audit_key_refuse(struct reply *reply, int r);

#endif
