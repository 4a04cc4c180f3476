/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_MANIFEST_DIFF_H
#define CLI_TRUST_MANIFEST_DIFF_H

#include "base/arena.h"

#include <jansson.h>
#include <stddef.h>

/*
 * How one signed document differs from another, member by member. All members count, also those
 * that this program does not know: they are signed too. A member's path names variants, artifacts,
 * roles and keyids by what they are, wherever they moved:
 *
 *     variants[onnx/cpu/fp32].artifacts[model.onnx].length
 *     delegations.roles[model-digits].threshold
 *
 * Names that could be taken for something else are quoted, so that no two members have one path.
 */
enum manifest_diff_kind {
    MANIFEST_DIFF_SAME,
    MANIFEST_DIFF_ADDED,
    MANIFEST_DIFF_REMOVED,
    MANIFEST_DIFF_CHANGED,
};

struct manifest_diff_line {
    enum manifest_diff_kind kind;
    const char *path;
    const char *before; /* as JSON; NULL where it was not there */
    const char *after;  /* as JSON; NULL where it is not there */
};

struct manifest_diff {
    struct manifest_diff_line *lines; /* those of `after` in its order, then what is gone */
    size_t count;
};

/*
 * before  the `signed` part to compare with; NULL: everything is added
 *
 * Everything lives in the arena.
 */
void manifest_diff_make(struct arena *arena, const json_t *before, const json_t *after,
                        struct manifest_diff *ret_diff);

#endif
