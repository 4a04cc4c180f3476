/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_REPORT_VIEW_H
#define CLI_AUDIT_REPORT_VIEW_H

#include "base/buffer.h"
#include "cli/cli.h"

#include <jansson.h>

/*
 * A report (proto/audit_report.h) for people. Everything in it is told, in the order in which it
 * is; what is empty is left out.
 */

/* On the terminal; of the graph only how large it is. */
void report_view_text(struct cli *cli, const json_t *signed_part);

/* One HTML page that needs nothing else, and that no text in it can break out of. envelope: whose
 * signatures stand at the end. */
void report_view_html(const json_t *envelope, struct buffer *page);

#endif
