/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CMD_DEPLOY_H
#define CLI_CMD_DEPLOY_H

/* modelferry deploy. context is the struct cli; returns an exit status. */
int cmd_deploy_deploy(void *context, int operands, char **operand);

#endif
