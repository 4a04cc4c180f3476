/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_IMAGE_RULES_H
#define CORE_TRUST_IMAGE_RULES_H

#include "base/arena.h"
#include "db/db.h"
#include "tuf/metadata.h"
#include "tuf/reason.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What the server asks of a model's role beyond what a TUF client would, so that what it accepts
 * can be served. What it asks of roots and of the top-level targets is in model/rules.
 */
enum {
    IMAGE_RULES_E_BROKEN = 1,
};

/*
 * A model's role: every target is one of a published version, with its length and digest; a version
 * is listed whole or not at all, and so is a variant that was added to one, only beside it; what
 * was yanked never comes back; no delegations.
 *
 * ret_versions  the versions that it lists, and "1.0.0/onnx/npu/int8" of added variants; in the
 * arena
 *
 * Returns 0, IMAGE_RULES_E_BROKEN with the reason, or negative.
 */
int image_rules_model_role(struct db *db, int64_t workspace_id, const char *model,
                           const struct metadata *metadata, struct arena *arena,
                           const char *const **ret_versions, size_t *ret_count,
                           struct reason *reason) MUST_CHECK;

#endif
