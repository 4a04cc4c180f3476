/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTCOME_H
#define AGENT_OUTCOME_H

#include "agent/journal.h"
#include "agent/parts.h"
#include "base/error.h"
#include "proto/state.h"

#include <stdint.h>

/*
 * How an update of a slot ended, twice: in slot.json, from which the next plan is made, and as a
 * signed report in the spool. Each can be repeated after a crash. 0 or negative.
 */

/* An attempt that ended before anything was switched. */
struct outcome_attempt {
    const char *slot;
    const struct state_slot *want;
    int64_t state_version;
    int64_t duration_ms;
};

/* It will not be tried again for this state. */
int outcome_failed(const struct parts *parts, const struct outcome_attempt *attempt,
                   const char *code, const char *detail) MUST_CHECK;

/* It will be tried again; reported once for each state and code. */
int outcome_delayed(const struct parts *parts, const struct outcome_attempt *attempt,
                    const char *code, const char *detail) MUST_CHECK;

/* What the record says: installed, or rolled back. */
int outcome_commit(const struct parts *parts, const char *slot,
                   const struct journal_record *record) MUST_CHECK;

/* What was detected is other than what was last reported. */
int outcome_detected(const struct parts *parts, int64_t state_version) MUST_CHECK;

/* The slot is no longer asked for. */
int outcome_removed(const struct parts *parts, const char *slot, int64_t state_version) MUST_CHECK;

#endif
