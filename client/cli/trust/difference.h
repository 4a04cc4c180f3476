/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_DIFFERENCE_H
#define CLI_TRUST_DIFFERENCE_H

#include "cli/cli.h"

#include <jansson.h>

/*
 * Prints how metadata that is about to be signed differs from what was signed before: '+' for what
 * is new, '-' for what is gone, '~' for what is another now. Keyids of this user's own keys are
 * named below. Nothing with --json.
 *
 * before  NULL: all of it is new
 */
void difference_show(struct cli *cli, const json_t *before, const json_t *after);

#endif
