/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_SCHEMA_H
#define TUF_SCHEMA_H

#include "base/error.h"
#include "tuf/reason.h"

#include <jansson.h>

/*
 * Whether the `signed` part of a metadata file has the members and types that TUF 1.0.33, chapter
 * 4, wants of its type ("root", "timestamp", "snapshot", "targets"). What the specification does
 * not know is left alone (chapter 4: it is part of what is signed).
 */
enum {
    SCHEMA_E_FORMAT = 1,
};

/* Returns 0 or SCHEMA_E_FORMAT with the reason. */
int schema_check(const json_t *signed_part, const char *type, struct reason *reason) MUST_CHECK;

#endif
