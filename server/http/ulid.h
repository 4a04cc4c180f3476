/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ULID_H
#define HTTP_ULID_H

#include <stdint.h>

#define ULID_SIZE 27 /* with the NUL */

/* A ULID (github.com/ulid/spec): 48 bits of time, 80 random ones, in Crockford's base 32. Unique,
 * not secret. Thread-safe. */
void ulid_make(int64_t wall_ms, char ret_ulid[static ULID_SIZE]);

#endif
