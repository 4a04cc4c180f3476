/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_LINEAGE_NODE_H
#define API_LINEAGE_NODE_H

#include "http/router.h"

/* One node of the lineage with its facets, and one event as it was sent. */
int lineage_node_on_get(const struct call *call, struct reply *reply);
int lineage_node_on_event(const struct call *call, struct reply *reply);

#endif
