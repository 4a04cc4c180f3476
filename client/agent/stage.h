/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STAGE_H
#define AGENT_STAGE_H

#include "agent/fetch.h"
#include "agent/parts.h"
#include "agent/slot.h"
#include "agent/verify.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Brings a version's directory into being: every artifact is found on the device (and hashed
 * anew), or downloaded; all of them are linked into models/SLOT/staging, which is renamed to
 * versions/ID when it is whole and durable.
 */

enum stage_outcome {
    STAGE_OK,
    STAGE_E_RETRY,  /* may work later: network, space, wrong bytes */
    STAGE_E_BROKEN, /* the version is there, damaged, and in use: it cannot be replaced */
};

struct stage_result {
    enum stage_outcome outcome;
    const char *code;     /* for the report: "disk-full" */
    const char *artifact; /* the name of the one at fault; NULL: none */
    const char *detail;   /* lives until done returns */
    int64_t retry_after_ms;
};

/* Zeroed is idle. */
struct stage {
    const struct parts *parts;
    const char *slot;
    const struct slot_version *version; /* borrowed until done */
    const char *manifest;               /* the envelope's bytes, borrowed until done */
    size_t manifest_size;
    char id[SLOT_ID_SIZE];
    void (*done)(void *state, const struct stage_result *result);
    void *state;

    size_t index;  /* of the artifact at hand */
    bool in_place; /* the version exists: it is only verified */
    bool tried_local;
    struct fetch fetch;
    struct verify verify;
    struct loop_timer step;
    bool busy;
};

/* done is called once, from the loop. Returns 0 or negative when fatal. */
int stage_start(struct stage *stage, const struct parts *parts, const char *slot,
                const struct slot_version *version, const char *manifest, size_t manifest_size,
                void (*done)(void *state, const struct stage_result *result),
                void *state) MUST_CHECK;

/* Stops without calling back; what was downloaded stays. Idle is fine. */
void stage_cancel(struct stage *stage);

/* Removes what a crash left in models/SLOT/staging. */
int stage_sweep(const struct store *store, const char *slot) MUST_CHECK;

/* The envelope of a version that is installed: malloc'd. Returns 0, SLOT_E_NONE, or negative. */
int stage_manifest(const struct store *store, const char *slot, const char *id, char **ret_bytes,
                   size_t *ret_size) MUST_CHECK;

/* How much of it is here, for the status. */
void stage_progress(const struct stage *stage, int64_t *ret_done, int64_t *ret_total);

#endif
