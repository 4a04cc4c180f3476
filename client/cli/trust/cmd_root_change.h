/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_ROOT_CHANGE_H
#define CLI_TRUST_CMD_ROOT_CHANGE_H

/* modelferry root renew|rotate: see commands.c. */
int cmd_root_change_renew(void *context, int operands, char **operand);
int cmd_root_change_rotate(void *context, int operands, char **operand);

#endif
