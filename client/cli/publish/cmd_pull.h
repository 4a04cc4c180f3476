/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_CMD_PULL_H
#define CLI_PUBLISH_CMD_PULL_H

/* modelferry pull. context is the struct cli; returns an exit status. */
int cmd_pull_pull(void *context, int operands, char **operand);

#endif
