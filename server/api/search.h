/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_SEARCH_H
#define API_SEARCH_H

#include "http/router.h"

/* GET /api/v1/search: versions, or models, by a query. docs/SEARCH.md. */
int search_on_get(const struct call *call, struct reply *reply);

#endif
