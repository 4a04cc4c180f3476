/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_LINEAGE_H
#define API_LINEAGE_H

#include "http/router.h"

/* OpenLineage events come in here: POST /api/v1/lineage, and /batch. */
int lineage_on_post(const struct call *call, struct reply *reply);
int lineage_on_batch(const struct call *call, struct reply *reply);

#endif
