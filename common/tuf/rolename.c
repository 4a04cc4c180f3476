/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/rolename.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

bool rolename_parse_file(struct arena *arena, const char *name, int64_t *ret_version,
                         const char **ret_role)
{
    const char *extension = strrchr(name, '.');
    int64_t version = 0;
    const char *role = name;

    if (!extension || strcmp(extension, ".json") != 0)
        return false;
    if (isdigit((unsigned char)*name)) {
        char *end;
        long long number = strtoll(name, &end, 10);

        if (end < extension && *end == '.' && number > 0 && *name != '0') {
            version = number;
            role = end + 1;
        }
    }
    if (role >= extension)
        return false;
    *ret_version = version;
    *ret_role = arena_strndup(arena, role, (size_t)(extension - role));
    return true;
}
