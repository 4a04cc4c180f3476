/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "cli/cli.h"

/* A version as people name it: "digits@1.0.0". The parts live in the command's arena. */
struct reference {
    const char *model;
    const char *version;
    const char *alias; /* what was written instead of a version (cli/subject.h); else NULL */
};

/* Checks the names too. Returns 0, or CLI_USAGE once it has reported what is wrong. */
int reference_parse(struct cli *cli, const char *text, struct reference *ret_reference) MUST_CHECK;

/* The same of two operands. */
int reference_check(struct cli *cli, const char *model, const char *version,
                    struct reference *ret_reference) MUST_CHECK;

/* "KEY=VALUE" split at the first '=', both parts in the command's arena, key not empty.
 * Returns 0, or CLI_USAGE once reported; flag names it in the error. */
int reference_pair(struct cli *cli, const char *flag, const char *text, const char **ret_key,
                   const char **ret_value) MUST_CHECK;

#endif
