/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_HISTORY_H
#define CLI_REGISTRY_CMD_HISTORY_H

/* history, audit ls: every change, and who made it. */
int cmd_history_history(void *context, int operands, char **operand);
int cmd_history_audit(void *context, int operands, char **operand);

#endif
