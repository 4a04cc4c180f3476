/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_RULES_H
#define CLI_REGISTRY_CMD_RULES_H

/* rules: what is demanded of a workspace's models, or of one. */
int cmd_rules_show(void *context, int operands, char **operand);
int cmd_rules_set(void *context, int operands, char **operand);

#endif
