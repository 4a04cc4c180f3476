/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_EXPLAIN_H
#define API_EXPLAIN_H

#include "http/router.h"

/* The auditor's questions, each answered by a signed report (docs/AUDIT.md). */
int explain_on_device(const struct call *call, struct reply *reply);
int explain_on_version(const struct call *call, struct reply *reply);
int explain_on_impact(const struct call *call, struct reply *reply);

#endif
