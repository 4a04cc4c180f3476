/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_RELEASE_H
#define CLI_TRUST_CMD_RELEASE_H

/* modelferry release: see commands.c. */
int cmd_release_release(void *context, int operands, char **operand);

#endif
