/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ARTIFACTS_H
#define API_ARTIFACTS_H

#include "http/router.h"

/* The bytes come in one request: {"sha256","length","deduplicated_bytes"} (ROUTE_STREAM). */
int artifacts_put(const struct call *call, struct reply *reply);

/* The bytes: Range, If-Range, ETag, HEAD. */
int artifacts_get(const struct call *call, struct reply *reply);

#endif
