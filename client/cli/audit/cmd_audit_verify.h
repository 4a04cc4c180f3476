/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_CMD_AUDIT_VERIFY_H
#define CLI_AUDIT_CMD_AUDIT_VERIFY_H

/* `modelferry audit verify` and `audit checkpoint`; context is a struct cli. */
int cmd_audit_verify(void *context, int operands, char **operand);
int cmd_audit_verify_checkpoint(void *context, int operands, char **operand);

#endif
