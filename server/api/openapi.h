/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "http/router.h"

/* docs/openapi.yaml, as it was when this binary was built. */
int openapi_get(const struct call *call, struct reply *reply);

#endif
