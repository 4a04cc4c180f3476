/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_YANK_H
#define CLI_TRUST_CMD_YANK_H

/* modelferry yank: see commands.c. */
int cmd_yank_yank(void *context, int operands, char **operand);

#endif
