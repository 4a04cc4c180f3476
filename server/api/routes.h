/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

/* The whole surface of the api listener. */
extern const struct route routes_api[];

#endif
