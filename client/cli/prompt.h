/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

/* Asking whoever sits at the terminal. What is asked goes to standard error. */

/* Whether somebody can be asked: standard input is a terminal. */
bool prompt_possible(const struct cli *cli);

/*
 * Reads one line of standard input, at a terminal without showing what is typed; its end is cut,
 * and what is longer than size. No copy of it stays behind; the caller wipes ret_line.
 *
 * label  printed before, at a terminal: "token: "
 *
 * Returns 0, with an empty line at the end of input; CLI_INTERRUPTED after Ctrl-C, reported.
 */
int prompt_secret(struct cli *cli, const char *label, char *ret_line, size_t size) MUST_CHECK;

/*
 * Asks "QUESTION? [y/N]". --yes answers it.
 *
 * Returns 0 for yes, CLI_FAILED for no, CLI_USAGE where nobody can be asked; reported.
 */
int prompt_confirm(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

#endif
