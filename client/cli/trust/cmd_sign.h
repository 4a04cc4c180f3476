/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_SIGN_H
#define CLI_TRUST_CMD_SIGN_H

/* modelferry sign. context is the struct cli; returns an exit status. */
int cmd_sign_sign(void *context, int operands, char **operand);

#endif
