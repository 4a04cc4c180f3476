/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_ROOT_CHANGE_H
#define CLI_TRUST_ROOT_CHANGE_H

#include "cli/trust/ceremony.h"
#include "cli/trust/key_swap.h"

/*
 * The next roots of a workspace's repositories, built on those that are trusted here: other keys,
 * other thresholds, another online key of the server, a later expiry. A root is signed by the
 * threshold of the old root's keys and of its own (TUF 1.0.33, 5.3.4).
 *
 * Where other keys sign the top-level targets from then on, these are signed by the old and the new
 * ones first, so that clients never find targets that their root's keys have not signed; where the
 * old ones are lost, right after the root.
 */
struct root_change {
    struct ceremony *ceremony;
    const char *repository; /* just this one; NULL: both */
    const struct key_swap *root_swaps;
    size_t root_swap_count;
    const struct key_swap *targets_swaps; /* of the image repository */
    size_t targets_swap_count;
    int64_t threshold;         /* 0: as it is */
    int64_t targets_threshold; /* 0: as it is */
    bool new_online_key;
    bool renews; /* also what nothing else changes, top-level targets included */
    int64_t lifetime_ms;
};

/* Returns 0 once all of it is in force, CEREMONY_E_WAITS, an exit status once reported, or
 * negative.
 */
int root_change_run(const struct root_change *change) MUST_CHECK;

#endif
