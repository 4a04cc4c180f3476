/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UPTANE_H
#define AGENT_UPTANE_H

#include "agent/agreement.h"
#include "agent/metadata_source.h"
#include "agent/parts.h"
#include "agent/roots.h"
#include "lib/http.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Refreshes what this device knows of director and image repository, and finds out what they agree
 * on (Uptane Standard 2.1, 5.4.4.2): one bundle where the server has it, single files where that
 * lacks some, all of it through common/tuf's updater. Trusted metadata is kept in metadata/director
 * and metadata/image. Whatever fails a check is noted in parts->detections, and changes nothing.
 */

enum uptane_phase {
    UPTANE_IDLE,
    UPTANE_BUNDLE,
    UPTANE_FILES,
};

/* Zeroed is idle, with nothing agreed on. */
struct uptane {
    const struct parts *parts;
    void (*done)(void *state, bool agreed, int64_t retry_after_ms);
    void *state;

    enum uptane_phase phase;
    struct http_transfer *transfer;
    int64_t now_ms;        /* when it began, by the wall clock (TUF 1.0.33, 5.1) */
    int64_t state_version; /* what the server says the desired state is */
    json_t *bundle;
    struct metadata_source sources[ROOTS_REPOSITORIES];
    struct updater *updaters[ROOTS_REPOSITORIES]; /* refreshed */
    char directories[ROOTS_REPOSITORIES][ROOTS_PATH_SIZE];
    enum roots_repository fetching;
    unsigned fetches;
    int64_t retry_after_ms;
    enum detection_check trouble; /* of the last transfer that brought nothing */
    char trouble_detail[HTTP_ERROR_SIZE + 200];

    bool agreed; /* at least once: */
    struct agreement agreement;
    bool behind;      /* the server knows of a newer desired state: an old one was replayed */
    int64_t fresh_ms; /* how long from then on no refresh is due */
};

/*
 * Starts. done is called once, from the loop; agreed: `agreement` is new. Otherwise it stays what
 * it was.
 *
 * Returns 0 or negative (done is not called then).
 */
int uptane_start(struct uptane *uptane, const struct parts *parts, int64_t state_version,
                 void (*done)(void *state, bool agreed, int64_t retry_after_ms),
                 void *state) MUST_CHECK;

bool uptane_is_busy(const struct uptane *uptane);

/* Stops without calling back; what was agreed on stays. Idle is fine. */
void uptane_cancel(struct uptane *uptane);

/* Accepts a zeroed struct. */
void uptane_release(struct uptane *uptane);

#endif
