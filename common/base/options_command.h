/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTIONS_COMMAND_H
#define BASE_OPTIONS_COMMAND_H

#include "base/options.h"

/* Subcommands. Included by base/options.h. */

/* What stands behind a program's name: "model create NAME". A table ends with words NULL. */
struct options_command {
    const char *words;    /* one or two words: "publish", "model create" */
    const char *operands; /* for help: "MODEL [VERSION]" or "" */
    int operands_min;
    int operands_max;                 /* -1: any number */
    const struct option_entry *table; /* its flags; may be NULL */
    /* Returns the exit status. The values of the table are in what the caller parsed into. */
    int (*run)(void *context, int operands, char **operand);
    const char *summary; /* one line */
    const char *help;    /* more, or NULL */
};

/*
 * Finds the command that argv starts with; ret_words says how many arguments its name took.
 * Returns 0 or OPTIONS_E_INVALID (with the nearest name).
 */
int options_command_find(const struct options_command *commands, struct arena *arena, int argc,
                         char **argv, const struct options_command **ret_command, int *ret_words,
                         const char **ret_error) MUST_CHECK;

/* Whether the number of operands fits; the error shows the usage. */
int options_command_check(const struct options_command *command, struct arena *arena,
                          const char *program, int operands, const char **ret_error) MUST_CHECK;

#endif
