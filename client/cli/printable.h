/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include "base/arena.h"

#include <stddef.h>

/*
 * Text of others on a terminal. Names, descriptions and attributes come from the server and from
 * devices: none of them may move the cursor, recolour the screen or reverse the reading direction.
 */

/*
 * A copy in the arena in which control characters (C0, DEL, C1), bidirectional overrides and bytes
 * that are not UTF-8 are written as \xNN or \u{NNNN}; '\n' and '\t' too. NULL gives NULL.
 */
char *printable_text(struct arena *arena, const char *text);

/* How many terminal columns text takes: wide characters two, combining ones none. */
size_t printable_columns(const char *text);

#endif
