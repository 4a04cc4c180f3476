/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_DESCRIBE_H
#define CLI_PUBLISH_DESCRIBE_H

#include "cli/cli.h"
#include "format/info.h"

#include <jansson.h>

/* What model files say of themselves (format/info.h), for people. */

/* "onnx, 651 parameters, int8", in the command's arena. */
const char *describe_briefly(struct cli *cli, const struct format_info *info);

/* A sheet. Nothing with --json. */
void describe_print(struct cli *cli, const struct format_info *info);

/* The same of what the server shows as an artifact's "info"; what cannot be read prints nothing. */
void describe_print_json(struct cli *cli, const json_t *info);

#endif
