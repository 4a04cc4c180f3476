/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_VERSIONS_H
#define API_VERSIONS_H

#include "http/router.h"

/* /api/v1/models/{model}/versions */
int versions_on_post(const struct call *call, struct reply *reply);
int versions_on_list(const struct call *call, struct reply *reply);

/* /api/v1/models/{model}/versions/{version} */
int versions_on_get(const struct call *call, struct reply *reply);
int versions_on_delete(const struct call *call, struct reply *reply);

/* Whatever would change it, or its manifest: 409, and what may change instead. */
int versions_on_change(const struct call *call, struct reply *reply);

/* /api/v1/models/{model}/versions/{version}/manifest */
int versions_on_add_variant(const struct call *call, struct reply *reply);
int versions_on_manifest(const struct call *call, struct reply *reply);

#endif
