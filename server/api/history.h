/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_HISTORY_H
#define API_HISTORY_H

#include "http/router.h"

/* What was changed: the audit log for administrators, and the history of one thing for readers. */

int history_on_audit(const struct call *call, struct reply *reply);
int history_on_model(const struct call *call, struct reply *reply);
int history_on_version(const struct call *call, struct reply *reply);
int history_on_alias(const struct call *call, struct reply *reply);
int history_on_device(const struct call *call, struct reply *reply);

#endif
