/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_CMD_LINEAGE_H
#define CLI_LINEAGE_CMD_LINEAGE_H

/* modelferry lineage upstream|downstream|path|diff|show: questions to the lineage graph. */
int cmd_lineage_upstream(void *context, int operands, char **operand);
int cmd_lineage_downstream(void *context, int operands, char **operand);
int cmd_lineage_path(void *context, int operands, char **operand);
int cmd_lineage_diff(void *context, int operands, char **operand);
int cmd_lineage_show(void *context, int operands, char **operand);

/* What --format takes, in the order of cli_flags.format. Ends with NULL. */
extern const char *const cmd_lineage_formats[];

#endif
