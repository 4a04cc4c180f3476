/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_DELETE_H
#define CLI_REGISTRY_CMD_DELETE_H

/* modelferry delete. context is the struct cli; it returns an exit status, or negative. */
int cmd_delete_delete(void *context, int operands, char **operand);

#endif
