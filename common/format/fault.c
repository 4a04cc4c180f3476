/* SPDX-License-Identifier: Apache-2.0 */
#include "format/fault.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
    [FAULT_E_OTHER] = "other-format",
    [FAULT_E_TRUNCATED] = "truncated",
    [FAULT_E_DAMAGED] = "damaged",
    [FAULT_E_LIMIT] = "beyond-limits",
};

int fault_set(struct fault *fault, int outcome, uint64_t offset, const char *format, ...)
{
    va_list args;

    fault->outcome = outcome;
    fault->offset = offset;
    va_start(args, format);
    (void)vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
    for (char *c = fault->text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    utf8_trim(fault->text);
    return outcome;
}

const char *fault_name(int outcome)
{
    return names[outcome];
}
