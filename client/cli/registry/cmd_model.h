/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_MODEL_H
#define CLI_REGISTRY_CMD_MODEL_H

/* modelferry model create, ls, show, discard. context is the struct cli; they return an exit
 * status. */
int cmd_model_create(void *context, int operands, char **operand);
int cmd_model_ls(void *context, int operands, char **operand);
int cmd_model_show(void *context, int operands, char **operand);
int cmd_model_discard(void *context, int operands, char **operand);

#endif
