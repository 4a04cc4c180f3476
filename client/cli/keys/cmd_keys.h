/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_CMD_KEYS_H
#define CLI_KEYS_CMD_KEYS_H

/* modelferry keys init|show|export|passphrase|ls: see commands.c. */
int cmd_keys_init(void *context, int operands, char **operand);
int cmd_keys_show(void *context, int operands, char **operand);
int cmd_keys_export(void *context, int operands, char **operand);
int cmd_keys_passphrase(void *context, int operands, char **operand);
int cmd_keys_ls(void *context, int operands, char **operand);

#endif
