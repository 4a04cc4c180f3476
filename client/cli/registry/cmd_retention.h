/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_RETENTION_H
#define CLI_REGISTRY_CMD_RETENTION_H

/* modelferry retention show, set, rm, plan. context is the struct cli; they return an exit status,
 * or negative. */
int cmd_retention_show(void *context, int operands, char **operand);
int cmd_retention_set(void *context, int operands, char **operand);
int cmd_retention_rm(void *context, int operands, char **operand);
int cmd_retention_plan(void *context, int operands, char **operand);

#endif
