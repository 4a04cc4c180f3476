/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CMD_HELP_H
#define CLI_CMD_HELP_H

#include "cli/cli.h"

/* modelferry help, version, completion. */
int cmd_help_help(void *context, int operands, char **operand);
int cmd_help_version(void *context, int operands, char **operand);
int cmd_help_completion(void *context, int operands, char **operand);

/* What a line without a command means: --help, --version, or a mistake. */
int cmd_help_overview(struct cli *cli, int argc, char **argv);

/* The help of one command, on standard output. */
int cmd_help_command(struct cli *cli, const struct options_command *command);

/* Whether argv starts with the first words of several commands, as in "model" or "model key". */
bool cmd_help_is_group(int argc, char **argv);

#endif
