/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_CMD_EXPLAIN_H
#define CLI_AUDIT_CMD_EXPLAIN_H

/* The auditor's questions: modelferry explain device|version, modelferry impact. */
int cmd_explain_device(void *context, int operands, char **operand);
int cmd_explain_version(void *context, int operands, char **operand);
int cmd_explain_impact(void *context, int operands, char **operand);

#endif
