/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_LINEAGE_READ_H
#define API_LINEAGE_READ_H

#include "http/router.h"

/* Questions to the lineage: GET /api/v1/lineage/{upstream,downstream,path,diff}. */
int lineage_read_on_upstream(const struct call *call, struct reply *reply);
int lineage_read_on_downstream(const struct call *call, struct reply *reply);
int lineage_read_on_path(const struct call *call, struct reply *reply);
int lineage_read_on_diff(const struct call *call, struct reply *reply);

#endif
