/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLEET_CMD_ENROLMENT_H
#define CLI_FLEET_CMD_ENROLMENT_H

/* modelferry enrolment create, ls, revoke. context is the struct cli; they return an exit status.
 */
int cmd_enrolment_create(void *context, int operands, char **operand);
int cmd_enrolment_ls(void *context, int operands, char **operand);
int cmd_enrolment_revoke(void *context, int operands, char **operand);

#endif
