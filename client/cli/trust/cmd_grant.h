/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CMD_GRANT_H
#define CLI_TRUST_CMD_GRANT_H

/* Who may sign for a model, in the top-level targets of the image repository. */
int cmd_grant_grant(void *context, int operands, char **operand);
int cmd_grant_revoke(void *context, int operands, char **operand);

#endif
