/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_KEYS_ROTATE_H
#define CLI_TRUST_CMD_KEYS_ROTATE_H

/* modelferry keys rotate: see commands.c. */
int cmd_keys_rotate(void *context, int operands, char **operand);

#endif
