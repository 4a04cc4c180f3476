/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_MANIFESTS_H
#define DEVICE_MANIFESTS_H

#include "http/router.h"

/* GET /device/v1/manifests/{sha256}: a published version's envelope, verbatim. */
int manifests_get(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
