/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_ROOT_SIGN_H
#define CLI_TRUST_CMD_ROOT_SIGN_H

/* modelferry root sign: see commands.c. */
int cmd_root_sign(void *context, int operands, char **operand);

#endif
