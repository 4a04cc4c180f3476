/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_SIGNATURES_H
#define API_SIGNATURES_H

#include "http/router.h"

/* POST /api/v1/models/{model}/versions/{version}/signatures: publishes a draft. */
int signatures_on_post(const struct call *call, struct reply *reply);

#endif
