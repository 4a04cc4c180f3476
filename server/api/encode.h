/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_ENCODE_H
#define API_ENCODE_H

#include <jansson.h>
#include <stdint.h>

/* Pieces of replies; each a new reference. */

/* RFC 3339, or null where ms is 0. */
json_t *encode_time(int64_t ms);

/* What the database wrote as JSON. */
json_t *encode_stored(const char *json);

/* When, by whom and why something was archived or deleted, or null where at_ms is 0. */
json_t *encode_archived(int64_t at_ms, const char *by, const char *reason);

#endif
