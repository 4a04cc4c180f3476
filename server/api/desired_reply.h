/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_DESIRED_REPLY_H
#define API_DESIRED_REPLY_H

#include <jansson.h>
#include <stdint.h>

/*
 * A desired state as operators see it: {"version","slots":{slot:{"model","version","variant",
 * "role"}}}. slots is the text that devices get, or NULL: none. A new reference.
 */
json_t *desired_reply_encode(int64_t version, const char *slots);

#endif
