/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_CMD_EXPORT_H
#define CLI_EXPORT_CMD_EXPORT_H

/* `modelferry export`: models with everything that belongs to them, as one file; context is a
 * struct cli. */
int cmd_export_export(void *context, int operands, char **operand);

/* What the index of an export says that it is (docs/LIFECYCLE.md). */
#define CMD_EXPORT_TYPE "modelferry-export"
#define CMD_EXPORT_FORMAT 1
#define CMD_EXPORT_INDEX_MAX ((size_t)256 << 20)
/* Folders in it; what they hold is called by its SHA-256. */
#define CMD_EXPORT_MANIFEST "manifests"
#define CMD_EXPORT_ARTIFACT "artifacts"
#define CMD_EXPORT_EVENT "events"

#endif
