/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reload_kind.h"

#include <string.h>

static const char *const names[RELOAD_KINDS] = {
    [RELOAD_WATCH] = "watch",     [RELOAD_NOTIFY] = "notify", [RELOAD_SIGNAL] = "signal",
    [RELOAD_RESTART] = "restart", [RELOAD_REBOOT] = "reboot",
};

const char *reload_kind_name(enum reload_kind kind)
{
    return names[kind];
}

enum reload_kind reload_kind_parse(const char *text)
{
    enum reload_kind kind = 0;

    while (kind < RELOAD_KINDS && strcmp(text, names[kind]) != 0)
        kind++;
    return kind;
}

const char *reload_kind_check(const char *text)
{
    return reload_kind_parse(text) < RELOAD_KINDS ? NULL : RELOAD_KIND_EXPECTED;
}
