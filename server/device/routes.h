/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_ROUTES_H
#define DEVICE_ROUTES_H

#include "http/router.h"

/* The whole surface of the device listener. */
extern const struct route routes_device[];

#endif
