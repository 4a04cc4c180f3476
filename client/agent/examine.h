/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_EXAMINE_H
#define AGENT_EXAMINE_H

#include "agent/agreement.h"
#include "agent/parts.h"
#include "agent/slot.h"
#include "base/arena.h"
#include "base/error.h"
#include "proto/state.h"

#include <stddef.h>

/*
 * Whether a manifest, whose bytes are the ones that were promised, may be installed: it is trusted
 * (a pinned key signed it; or director and image repository agree on it, and its files are exactly
 * those on which they agree), it is about what was asked for, and it does not take the model back
 * below a release counter that was served before.
 */
struct examine_order {
    const struct state_slot *want;
    const struct agreement_slot *agreed; /* NULL: this device trusts keys */
    const char *manifest;                /* the envelope */
    size_t manifest_size;
};

#define EXAMINE_DETAIL_SIZE 512

/*
 * ret_version  what is to be fetched; in the arena
 *
 * Returns NULL, or the code of what is wrong with it for good: the name of a check of
 * proto/detection.h, with the reason in words.
 */
const char *examine_manifest(const struct parts *parts, const struct examine_order *order,
                             struct arena *arena, struct slot_version *ret_version,
                             char ret_detail[static EXAMINE_DETAIL_SIZE]);

#endif
