/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ACCESS_CMD_LOGIN_H
#define CLI_ACCESS_CMD_LOGIN_H

/* modelferry login, logout, whoami. context is the struct cli; they return an exit status. */
int cmd_login_login(void *context, int operands, char **operand);
int cmd_login_logout(void *context, int operands, char **operand);
int cmd_login_whoami(void *context, int operands, char **operand);

#endif
