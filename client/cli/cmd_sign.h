/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CMD_SIGN_H
#define CLI_CMD_SIGN_H

/* modelferry sign. context is the struct cli; returns an exit status. */
int cmd_sign_sign(void *context, int operands, char **operand);

#endif
