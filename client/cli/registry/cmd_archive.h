/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REGISTRY_CMD_ARCHIVE_H
#define CLI_REGISTRY_CMD_ARCHIVE_H

/* archive, restore: out of use, and back. */
int cmd_archive_archive(void *context, int operands, char **operand);
int cmd_archive_restore(void *context, int operands, char **operand);

#endif
