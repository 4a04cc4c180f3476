/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CMD_YANK_H
#define CLI_CMD_YANK_H

/* `modelferry yank MODEL@VERSION` and `modelferry release MODEL@VERSION`. */
int cmd_yank_yank(void *context, int operands, char **operand);
int cmd_yank_release(void *context, int operands, char **operand);

#endif
