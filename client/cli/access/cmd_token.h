/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ACCESS_CMD_TOKEN_H
#define CLI_ACCESS_CMD_TOKEN_H

/* modelferry token create, ls, revoke. context is the struct cli; they return an exit status. */
int cmd_token_create(void *context, int operands, char **operand);
int cmd_token_ls(void *context, int operands, char **operand);
int cmd_token_revoke(void *context, int operands, char **operand);

#endif
