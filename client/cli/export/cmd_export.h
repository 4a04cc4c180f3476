/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_CMD_EXPORT_H
#define CLI_EXPORT_CMD_EXPORT_H

/* `modelferry export`: models with everything that belongs to them, as one file; context is a
 * struct cli. */
int cmd_export_export(void *context, int operands, char **operand);

#endif
