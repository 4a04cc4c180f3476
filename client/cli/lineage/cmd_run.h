/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_CMD_RUN_H
#define CLI_LINEAGE_CMD_RUN_H

/* modelferry run: runs a command and records its lineage; modelferry lineage send. */
int cmd_run_run(void *context, int operands, char **operand);
int cmd_run_send(void *context, int operands, char **operand);

#endif
