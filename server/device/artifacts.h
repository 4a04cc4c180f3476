/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_ARTIFACTS_H
#define DEVICE_ARTIFACTS_H

#include "http/router.h"

/* The bytes of an artifact that a published version of the device's workspace has. */
int artifacts_fetch(const struct call *call, struct reply *reply);

#endif
