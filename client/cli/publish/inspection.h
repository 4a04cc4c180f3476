/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_INSPECTION_H
#define CLI_PUBLISH_INSPECTION_H

#include "cli/publish/publish_groups.h"

/*
 * Model files are read before anything of them is uploaded: whether they are whole, what their
 * variant says, and what the signature declares (format/inspect.h).
 */

/* What --input and --output declare; NULL in ret_signature where neither is said. Returns 0, or
 * CLI_USAGE once reported. */
int inspection_declared(struct cli *cli, const struct signature **ret_signature) MUST_CHECK;

/*
 * Reads the files of all groups. A group whose files say what they take and give, and for which
 * nothing is declared, gets their signature. Where only inputs, or only outputs, are declared, the
 * files say the others.
 *
 * declared  or NULL
 *
 * Returns 0, an exit status once reported, or negative.
 */
int inspection_run(struct cli *cli, const struct signature *declared,
                   struct publish_groups *groups) MUST_CHECK;

/* Opens a regular file. Returns 0, an exit status once reported, or negative. */
int inspection_open(struct cli *cli, const char *path, int *ret_fd) MUST_CHECK;

#endif
