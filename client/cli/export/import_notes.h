/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_IMPORT_NOTES_H
#define CLI_EXPORT_IMPORT_NOTES_H

#include "cli/export/import_check.h"

/*
 * What comes along with models and versions and was not signed. What the server says already wins
 * over what the file says, so that importing again changes nothing. Functions return 0, an exit
 * status once reported, or negative.
 */

/* The model card, where the model has none here. */
int import_notes_write_card(struct importing *importing,
                            const struct incoming_model *model) MUST_CHECK;

/* Rules and retention, where the model has none here; takes an administrator. */
int import_notes_write_rules(struct importing *importing,
                             const struct incoming_model *model) MUST_CHECK;

/* Tags, parameters, metrics and card of a version, as far as it has none here. */
int import_notes_write(struct importing *importing,
                       const struct incoming_version *version) MUST_CHECK;

/* Where the server has no such alias, and the version came along. */
int import_notes_write_aliases(struct importing *importing,
                               const struct incoming_model *model) MUST_CHECK;

#endif
