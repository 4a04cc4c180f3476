/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_CMD_MODEL_KEY_H
#define CLI_KEYS_CMD_MODEL_KEY_H

/* modelferry model key add, revoke. context is the struct cli; they return an exit status. */
int cmd_model_key_add(void *context, int operands, char **operand);
int cmd_model_key_revoke(void *context, int operands, char **operand);

#endif
