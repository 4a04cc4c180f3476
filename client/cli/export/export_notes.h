/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_EXPORT_NOTES_H
#define CLI_EXPORT_EXPORT_NOTES_H

#include "cli/reference.h"
#include "cli/server.h"

#include <jansson.h>

/*
 * What no publisher signed, for the index of an export (docs/LIFECYCLE.md). Functions return 0, an
 * exit status once reported, or negative.
 */

/*
 * Tags, parameters, metrics and card that the manifest does not say, and who approved.
 *
 * shown    the version as the server shows it
 * version  of the index: gets "notes" and "approvals"
 */
int export_notes_of_version(struct server *server, const struct reference *reference,
                            const json_t *shown, json_t *version) MUST_CHECK;

/*
 * The card, and the rules and retention of the model alone, where it has such.
 *
 * shown  the model as the server shows it
 * model  of the index: gets "card", "rules", "retention"
 */
int export_notes_of_model(struct server *server, const char *name, const json_t *shown,
                          json_t *model) MUST_CHECK;

#endif
