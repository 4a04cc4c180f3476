/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_ALIAS_H
#define CLI_REGISTRY_CMD_ALIAS_H

/* alias: names that move from version to version. */
int cmd_alias_set(void *context, int operands, char **operand);
int cmd_alias_ls(void *context, int operands, char **operand);
int cmd_alias_rm(void *context, int operands, char **operand);

#endif
