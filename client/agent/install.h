/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_INSTALL_H
#define AGENT_INSTALL_H

#include "agent/agreement.h"
#include "agent/journal.h"
#include "agent/parts.h"
#include "agent/reload.h"
#include "agent/slot.h"
#include "agent/stage.h"
#include "base/arena.h"
#include "base/error.h"
#include "proto/state.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One slot, from what it has to what is asked: manifest -> trust -> artifacts -> stage ->
 * activate -> reload -> commit, or back. From `activate` on every step is journalled first
 * (agent/journal.h), and install_recover() takes up where a crash left off.
 *
 * Nothing is activated unless its manifest is the one that is asked for, is trusted (a pinned key
 * signed it; or director and image repository agree on it and on all its artifacts), does not take
 * the model back below a release counter that was served before, and every artifact has the bytes
 * that it promises.
 */

enum install_outcome {
    INSTALL_DONE,     /* the slot serves it, and a report says so */
    INSTALL_E_FAILED, /* it does not, and trying again would not help; reported */
    INSTALL_E_RETRY,  /* not yet: network, space, wrong bytes */
};

enum install_phase {
    INSTALL_IDLE,
    INSTALL_MANIFEST,
    INSTALL_STAGE,
    INSTALL_RELOAD,
    INSTALL_ROLLBACK,
    INSTALL_COMMIT,
};

/* Zeroed is idle. */
struct install {
    const struct parts *parts;
    void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms);
    void *state;

    enum install_phase phase;
    struct arena arena;
    char slot[NAME_MAX_BYTES + 1];
    struct state_slot want; /* strings in the arena */
    int64_t state_version;
    struct agreement_slot agreed; /* in the arena; no artifacts: keys are trusted */
    struct slot_version version;  /* in the arena */
    char *manifest;
    size_t manifest_size;
    struct http_transfer *transfer;
    struct stage stage;
    struct reload_job reload;
    struct journal_record record;
    struct loop_timer again; /* a commit that the disk did not take */
    int64_t started_us;
};

/* What to install; borrowed until install_start() returns. */
struct install_order {
    const struct state_slot *want;
    int64_t state_version;
    const struct agreement_slot *agreed; /* NULL: this device trusts keys */
};

/* done is called once, from the loop. Returns 0 or negative when fatal. */
int install_start(struct install *install, const struct parts *parts,
                  const struct install_order *order,
                  void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms),
                  void *state) MUST_CHECK;

/*
 * Goes on with what the slot's journal says. Returns 0 (done will be called), JOURNAL_E_NONE
 * (nothing was under way), or negative.
 */
int install_recover(struct install *install, const struct parts *parts, const char *slot,
                    void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms),
                    void *state) MUST_CHECK;

/* Whether it may still be given up for something else: nothing was switched yet. */
bool install_is_revocable(const struct install *install);

/* Whether the state still asks for what is being installed; then its version is taken over. */
bool install_fits(struct install *install, const struct state *state);

/* Stops without calling back; the journal and downloads stay. Idle is fine. */
void install_cancel(struct install *install);

const char *install_phase_name(enum install_phase phase);

/* The slot holds what is asked, but what was last reported is something else: say so. */
int install_adopt(const struct parts *parts, const struct state_slot *want,
                  int64_t state_version) MUST_CHECK;

/* The slot is no longer asked for: it goes on serving, and a report says so, once. */
int install_disown(const struct parts *parts, const char *slot, int64_t state_version) MUST_CHECK;

#endif
