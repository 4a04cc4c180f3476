/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTIONS_PRINT_H
#define BASE_OPTIONS_PRINT_H

#include "base/options.h"
#include "base/options_command.h"

struct options_command;

/* Options as text. Included by base/options.h. */

/* The documented configuration file: every entry that has a section, commented out at its default,
 * with help, range, and whether it can be reloaded. */
void options_print_file(const struct option_entry *table, FILE *out);

/* The same as a Markdown page's tables, a section each. prefix as for options_environment. */
void options_print_markdown(const struct option_entry *table, const char *prefix, FILE *out);

/* The flags with their help, for --help; those without a section only where `all` is false. */
void options_print_help(const struct option_entry *table, bool all, FILE *out);

/* All commands with their summaries. */
void options_print_commands(const struct options_command *commands, FILE *out);

/* One command: usage, help, its flags, then those of `common` (may be NULL). */
void options_print_command(const char *program, const struct options_command *command,
                           const struct option_entry *common, FILE *out);

#endif
