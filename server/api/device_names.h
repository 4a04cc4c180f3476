/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_DEVICE_NAMES_H
#define API_DEVICE_NAMES_H

#include "http/router.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DEVICE_NAMES_MAX 100000 /* in one request */

/*
 * The member "devices" of a request: names, each once however often it was given, sorted, in the
 * request's arena. Returns whether it is good; the reply says what is not. or_all: what else may
 * stand there, for that reply; the caller has looked for it.
 */
bool device_names_read(const struct call *call, const json_t *devices, const char *or_all,
                       const char *const **ret_names, size_t *ret_count, struct reply *reply);

#endif
