/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_REASON_H
#define TUF_REASON_H

#include "base/error.h"

#include <stdarg.h>

/* Why something was refused: one line in lower case, for logs and reports. */
struct reason {
    char text[640]; /* all of it: "timestamp.json: version 3 is older than 5" */
    char file[96];  /* the part before the colon, where reason_set() made it; else "" */
};

/* Fills both: "<role>.json: <message>". */
void reason_set(struct reason *reason, const char *role, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

/* The message without the file. */
const char *reason_detail(const struct reason *reason);

#endif
