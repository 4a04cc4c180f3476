/* SPDX-License-Identifier: Apache-2.0 */
#include "device/routes.h"

#include "http/role.h"

/* Handlers get a struct gateway as call.context. */
const struct route routes_device[] = {
    /* clang-format off */
    {NULL},
    /* clang-format on */
};
