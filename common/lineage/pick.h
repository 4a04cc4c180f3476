/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAGE_PICK_H
#define LINEAGE_PICK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds a part of a JSON text by a JSON pointer (RFC 6901), and gives it exactly as it stands
 * there: numbers, escapes and white space as they were sent, which no parser would keep.
 *
 * bytes  JSON that was parsed before; of anything else it gives false, or some part of it
 *
 * ret_part and ret_size are borrowed from bytes. Returns false where there is no such part.
 */
bool pick_part(const char *bytes, size_t size, const char *pointer, const char **ret_part,
               size_t *ret_size);

#endif
