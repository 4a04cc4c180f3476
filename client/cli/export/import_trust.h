/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_IMPORT_TRUST_H
#define CLI_EXPORT_IMPORT_TRUST_H

#include "cli/export/import_check.h"

/*
 * Whose signatures count for a model of an export: the keys that the server has registered for it,
 * and those that --trust names, by keyid or key file. Fills the keys of the model, and whether the
 * server has it.
 *
 * Returns 0, an exit status once reported (CLI_UNVERIFIED where nobody said whom to trust), or
 * negative.
 */
int import_trust_model(struct importing *importing, struct incoming_model *model) MUST_CHECK;

#endif
