/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DETECTIONS_H
#define AGENT_DETECTIONS_H

#include "agent/store.h"
#include "base/clock.h"
#include "base/error.h"
#include "proto/detection.h"
#include "proto/report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is wrong at the moment with what this device is told and given. A round of work begins, adds
 * what it finds, and settles: what was found stays, what was not found any more goes. The list
 * outlives the agent (metadata/detected.json), and it is known what of it the server was told.
 */

struct detections_entry {
    enum detection_check check;
    char repository[16]; /* "": neither */
    char file[DETECTION_FILE_MAX + 1];
    char detail[DETECTION_DETAIL_MAX + 1];
    int64_t time_ms; /* first seen */
    bool seen;       /* in this round */
};

struct detections {
    const struct store *store;
    const struct clock *clock;
    struct detections_entry entries[REPORT_DETECTIONS_MAX];
    size_t count;
    bool begun;
    char told[DIGEST_SHA256_HEX_SIZE]; /* names the list that the last report held */
};

/* Takes up what an earlier run left; a file that is damaged is as good as none. */
void detections_load(struct detections *detections, const struct store *store,
                     const struct clock *clock);

/* A round begins: nothing was seen in it yet. */
void detections_begin(struct detections *detections);

/*
 * Notes what a check found, and logs it where it is news. repository and detail may be NULL; texts
 * are copied, cut, and made valid UTF-8.
 */
void detections_add(struct detections *detections, enum detection_check check,
                    const char *repository, const char *file, const char *detail);

/* Outside of rounds: of this file, nothing is wrong but this. */
void detections_replace(struct detections *detections, enum detection_check check,
                        const char *repository, const char *file, const char *detail);

/* Outside of rounds: nothing is wrong with this file. */
void detections_resolve(struct detections *detections, const char *repository, const char *file);

/* The round is over, where one was begun. What was not seen in it goes. */
void detections_settle(struct detections *detections);

/* Whether the list is another than the one that the server was told. */
bool detections_are_news(const struct detections *detections);

/* A report holds the list now. */
void detections_told(struct detections *detections);

/* The list as a report has it; borrowed. Returns how many. */
size_t detections_list(const struct detections *detections,
                       struct detection ret_list[static REPORT_DETECTIONS_MAX]);

/* The list that a state directory holds, for the status: a new reference, an array. */
json_t *detections_peek(const struct store *store);

#endif
