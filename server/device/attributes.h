/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_ATTRIBUTES_H
#define DEVICE_ATTRIBUTES_H

#include "http/router.h"

/* PUT /device/v1/attributes: what a device reports about itself. A member that is absent keeps
 * what is there. */
int attributes_put(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
