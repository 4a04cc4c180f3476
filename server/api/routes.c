/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include "api/health.h"
#include "http/role.h"

/* Handlers get a struct api as call.context. Bodies of JSON are at most 1 MiB but for envelopes. */
const struct route routes_api[] = {
  /* clang-format off */
    {"GET", "/healthz", ROLES_PUBLIC, ROUTE_INLINE, 0, ROUTE_NO_LOG, health_live},
    {"GET", "/readyz",  ROLES_PUBLIC, ROUTE_WORKER, 0, ROUTE_NO_LOG, health_ready},
    {NULL},
  /* clang-format on */
};
