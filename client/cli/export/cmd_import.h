/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_CMD_IMPORT_H
#define CLI_EXPORT_CMD_IMPORT_H

/* `modelferry import`: what `modelferry export` wrote, into another server; context is a struct
 * cli. */
int cmd_import_import(void *context, int operands, char **operand);

#endif
