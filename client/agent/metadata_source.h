/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_METADATA_SOURCE_H
#define AGENT_METADATA_SOURCE_H

#include "base/buffer.h"
#include "tuf/updater.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Metadata for common/tuf's updater without blocking the agent's loop: it looks first into a
 * bundle, then at what was fetched from the network for this refresh. What is in neither is noted
 * as wanted, and the updater fails; the caller fetches it, hands it in, and lets another updater
 * begin at what the first one has stored. Every byte passes the same workflow wherever it is from.
 */

#define METADATA_SOURCE_NAME_MAX 512
#define METADATA_SOURCE_FILES_MAX 16

struct metadata_source_file {
    char *name;
    struct buffer bytes;
    int outcome; /* 0 or UPDATER_FETCH_E_* */
};

/* A zeroed struct has neither bundle nor files. */
struct metadata_source {
    const json_t *bundle; /* {"name": "text" or null (there is none)}; borrowed; may be NULL */
    struct metadata_source_file files[METADATA_SOURCE_FILES_MAX];
    size_t file_count;
    char wanted[METADATA_SOURCE_NAME_MAX]; /* percent-encoded; "": nothing */
    size_t wanted_bytes_max;
    int outcome; /* UPDATER_FETCH_E_*: how it ended for the file that was asked for last */
};

struct updater_source metadata_source_updater(struct metadata_source *source);

bool metadata_source_wants(const struct metadata_source *source);

/*
 * Hands in what was wanted; nothing is wanted then. bytes is taken over and left empty.
 *
 * outcome  0 or UPDATER_FETCH_E_*
 */
int metadata_source_give(struct metadata_source *source, int outcome,
                         struct buffer *bytes) MUST_CHECK;

/* Leaves it zeroed. Accepts NULL. */
void metadata_source_release(struct metadata_source *source);

#endif
