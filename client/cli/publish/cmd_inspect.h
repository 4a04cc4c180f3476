/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_CMD_INSPECT_H
#define CLI_PUBLISH_CMD_INSPECT_H

/* modelferry inspect FILE...: what model files say of themselves; needs no server. */
int cmd_inspect_inspect(void *context, int operands, char **operand);

#endif
