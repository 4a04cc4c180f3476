/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_APPROVAL_H
#define CLI_REGISTRY_CMD_APPROVAL_H

/* approve, approval: who found a version fit for deployment. */
int cmd_approval_approve(void *context, int operands, char **operand);
int cmd_approval_ls(void *context, int operands, char **operand);
int cmd_approval_withdraw(void *context, int operands, char **operand);

#endif
