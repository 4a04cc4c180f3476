/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/rolename.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_unreserved(unsigned char c)
{
    return c < 0x80 && (isalnum(c) || strchr("_.-~", c));
}

char *rolename_quote(struct arena *arena, const char *role)
{
    char *quoted = arena_alloc(arena, 3 * strlen(role) + 1);
    char *out = quoted;

    for (const char *in = role; *in; in++) {
        if (is_unreserved((unsigned char)*in)) {
            *out++ = *in;
            continue;
        }
        (void)snprintf(out, 4, "%%%02X", (unsigned char)*in);
        out += 3;
    }
    *out = '\0';
    return quoted;
}
