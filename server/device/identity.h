/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_IDENTITY_H
#define DEVICE_IDENTITY_H

#include "base/arena.h"
#include "base/error.h"
#include "http/router.h"
#include "proto/audit_entry.h"

/*
 * listener_config.authenticate of the device listener, inline: a device token to its entry in the
 * roster, which becomes principal.subject. context is the struct gateway.
 */
int identity_authenticate(void *context, void *worker, const char *token, struct arena *arena,
                          struct principal *ret_principal) MUST_CHECK;

/* A device that changes something of itself. */
struct audit_actor identity_actor(const struct call *call);

#endif
