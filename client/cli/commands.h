/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/options.h"

/* The whole surface of the command line; modelferry(1) says the same. Ends with words NULL. */
extern const struct options_command commands_table[];

/* The flags of every command. Ends with name NULL. */
extern const struct option_entry commands_common[];

/* What --role takes, in the order of cli_flags.role. Ends with NULL. */
extern const char *const commands_roles[];

#endif
