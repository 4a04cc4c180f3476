/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_TOKEN_H
#define DEVICE_TOKEN_H

#include "http/router.h"

/* POST /device/v1/token: a new token; the old one works until the new one is first used. */
int token_post(const struct call *call, struct reply *reply) MUST_CHECK;

#endif
