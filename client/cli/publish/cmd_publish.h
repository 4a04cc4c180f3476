/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_CMD_PUBLISH_H
#define CLI_PUBLISH_CMD_PUBLISH_H

/* modelferry publish. context is the struct cli; returns an exit status. */
int cmd_publish_publish(void *context, int operands, char **operand);

#endif
