/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_CMD_AUDIT_H
#define CLI_AUDIT_CMD_AUDIT_H

/* modelferry audit: what the server says about the past, and whether it is true. */
int cmd_audit_key(void *context, int operands, char **operand);

#endif
