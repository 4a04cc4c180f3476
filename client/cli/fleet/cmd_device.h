/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLEET_CMD_DEVICE_H
#define CLI_FLEET_CMD_DEVICE_H

/* modelferry device ls, show, reports, revoke. context is the struct cli; they return an exit
 * status. */
int cmd_device_ls(void *context, int operands, char **operand);
int cmd_device_show(void *context, int operands, char **operand);
int cmd_device_reports(void *context, int operands, char **operand);
int cmd_device_revoke(void *context, int operands, char **operand);

#endif
