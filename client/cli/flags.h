/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "base/options.h"
#include "cli/cli.h"

#include <stddef.h>

/* How the tables of flags are written, and the flags that several commands take. */

#define SECONDS_MS ((int64_t)1000)
#define DAYS_MS (86400 * SECONDS_MS)

#define AT(member) .offset = offsetof(struct cli_flags, member)
#define TEXT(name_, member, value, help_)                                                          \
    {                                                                                              \
        .name = (name_), .type = OPTION_TEXT, AT(member), .value_name = (value), .help = (help_)   \
    }
#define LIST(name_, member, value, help_)                                                          \
    {                                                                                              \
        .name = (name_), .type = OPTION_LIST, AT(member), .value_name = (value), .help = (help_)   \
    }
#define SWITCH(name_, member, help_)                                                               \
    {                                                                                              \
        .name = (name_), .type = OPTION_BOOL, AT(member), .help = (help_)                          \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define FLAG_DESCRIPTION(help_) TEXT("description", description, "TEXT", help_)
#define FLAG_TAGS LIST("tag", tags, "KEY=VALUE", "A tag; may be repeated.")
#define FLAG_KEY(help_) TEXT("key", key, "KEY", help_)
#define FLAG_YES SWITCH("yes", yes, "Does not ask.")
#define FLAG_PASSPHRASE                                                                            \
    TEXT("passphrase_file", passphrase_file, "FILE",                                               \
         "Opens sealed keys with the first line of FILE, which may be /dev/fd/N. Otherwise "       \
         "MODELFERRY_PASSPHRASE_FILE, then MODELFERRY_PASSPHRASE, then the terminal.")
#define FLAG_NO_PASSPHRASE                                                                         \
    SWITCH("no_passphrase", no_passphrase,                                                         \
           "Leaves the secret in the file as it is, with mode "                                    \
           "0600: who can read the file can sign.")
#define FLAG_LIMIT                                                                                 \
    {                                                                                              \
        .name = "limit", .type = OPTION_INTEGER, AT(limit), .fallback = "0", .min = 0,             \
        .max = 1000000, .value_name = "N", .help = "At most so many; 0 is all."                    \
    }
#define FLAG_EXPIRES(fallback_, help_)                                                             \
    {                                                                                              \
        .name = "expires", .type = OPTION_DURATION, AT(expires_ms), .fallback = (fallback_),       \
        .min = 0, .max = 3650 * DAYS_MS, .help = (help_)                                           \
    }
#define FLAG_RETRY                                                                                 \
    {                                                                                              \
        .name = "retry_for", .type = OPTION_DURATION, AT(retry_ms), .fallback = "2m", .min = 0,    \
        .max = DAYS_MS,                                                                            \
        .help = "How long to go on trying while the server does not answer. Any progress starts "  \
                "the time anew."                                                                   \
    }

#define FLAG_LOW_SPEED                                                                             \
    {                                                                                              \
        .name = "low_speed_timeout", .type = OPTION_DURATION, AT(low_speed_ms), .fallback = "30s", \
        .min = SECONDS_MS, .max = DAYS_MS,                                                         \
        .help = "A transfer of less than 128 bytes a second is given up after so long."            \
    }

#endif
