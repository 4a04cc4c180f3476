/* SPDX-License-Identifier: Apache-2.0 */
#include "device/routes.h"

#include "device/artifacts.h"
#include "http/role.h"

/* Handlers get a struct gateway as call.context. */
const struct route routes_device[] = {
  /* clang-format off */
    {"GET", "/device/v1/artifacts/{sha256}", ROLES_DEVICE, ROUTE_WORKER, 0, 0, artifacts_fetch},
    {NULL},
  /* clang-format on */
};
