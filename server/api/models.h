/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_MODELS_H
#define API_MODELS_H

#include "http/router.h"

/* /api/v1/models */
int models_on_post(const struct call *call, struct reply *reply);
int models_on_list(const struct call *call, struct reply *reply);

/* /api/v1/models/{model} */
int models_on_get(const struct call *call, struct reply *reply);
int models_on_delete(const struct call *call, struct reply *reply);

#endif
