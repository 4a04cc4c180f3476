/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "agent/slot.h"
#include "agent/store.h"
#include "base/error.h"
#include "model/name.h"
#include "model/variant.h"
#include "proto/reload_kind.h"

#include <stdint.h>

/*
 * What the agent is about to do to a slot, written down durably before it does it. Each step can
 * be repeated, so after a crash the agent does the recorded step again and goes on from there:
 *
 *     step       does                                             after a crash
 *     activate   previous -> the old version, current -> the new  again
 *     reload     tells the application, waits for its word        again
 *     rollback   current -> the old version, tells the            again
 *                application
 *     commit     writes slot.json and the report, prunes          again, same report sequence
 *
 * Before `activate` nothing is recorded: downloads and staging are found by looking, and what was
 * staged is taken up again or swept.
 */
enum journal_step {
    JOURNAL_ACTIVATE,
    JOURNAL_RELOAD,
    JOURNAL_ROLLBACK,
    JOURNAL_COMMIT,
};

struct journal_record {
    enum journal_step step;
    char id[SLOT_ID_SIZE];          /* the version that is being installed */
    char previous_id[SLOT_ID_SIZE]; /* what the slot pointed at before; empty: nothing */
    char older_id[SLOT_ID_SIZE];    /* what `previous` pointed at before; empty: nothing */
    int64_t state_version;
    int64_t started_ms; /* wall clock */
    int64_t sequence;   /* commit: of the report */
    int64_t gap_us;     /* -1: not measured */
    int64_t duration_ms;
    char reload[RELOAD_KIND_MAX + 1]; /* what the server named; empty: the slot's own rule */
    char gap_source[16];              /* "application", "agent", "none" */
    char error_code[64];              /* empty: the new version is good */
    char error_detail[512];
};

enum {
    JOURNAL_E_NONE = 1, /* nothing is under way */
};

const char *journal_step_name(enum journal_step step);

int journal_write(const struct store *store, const char *slot,
                  const struct journal_record *record) MUST_CHECK;

/* Returns 0, JOURNAL_E_NONE (also, with a warning, where it cannot be understood), or negative. */
int journal_read(const struct store *store, const char *slot,
                 struct journal_record *ret_record) MUST_CHECK;

int journal_clear(const struct store *store, const char *slot) MUST_CHECK;

#endif
