/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/reason.h"

#include <stdio.h>
#include <string.h>

void reason_set(struct reason *reason, const char *role, const char *format, va_list args)
{
    char detail[512];

    (void)vsnprintf(detail, sizeof(detail), format, args);
    (void)snprintf(reason->file, sizeof(reason->file), "%.80s.json", role);
    (void)snprintf(reason->text, sizeof(reason->text), "%s: %s", reason->file, detail);
}

const char *reason_detail(const struct reason *reason)
{
    return reason->file[0] ? reason->text + strlen(reason->file) + 2 : reason->text;
}
