/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_ROOT_H
#define CLI_TRUST_CMD_ROOT_H

/* The offline half of a workspace's two TUF repositories. */
int cmd_root_init(void *context, int operands, char **operand);
int cmd_root_show(void *context, int operands, char **operand);
int cmd_root_withdraw(void *context, int operands, char **operand);
int cmd_root_export(void *context, int operands, char **operand);
int cmd_root_trust(void *context, int operands, char **operand);

#endif
