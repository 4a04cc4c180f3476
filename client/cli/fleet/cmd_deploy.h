/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLEET_CMD_DEPLOY_H
#define CLI_FLEET_CMD_DEPLOY_H

/* modelferry deploy. context is the struct cli; returns an exit status. */
int cmd_deploy_deploy(void *context, int operands, char **operand);

#endif
