/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_KEYS_H
#define API_KEYS_H

#include "http/router.h"

/* /api/v1/models/{model}/keys */
int keys_on_post(const struct call *call, struct reply *reply);

/* /api/v1/models/{model}/keys/{keyid} */
int keys_on_delete(const struct call *call, struct reply *reply);

#endif
