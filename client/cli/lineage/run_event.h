/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_EVENT_H
#define CLI_LINEAGE_RUN_EVENT_H

#include "cli/lineage/run_child.h"
#include "cli/lineage/run_ends.h"
#include "cli/lineage/run_git.h"
#include "cli/lineage/run_tool.h"

#include <jansson.h>
#include <stdint.h>

/* A run of a command, as OpenLineage events tell it (docs/LINEAGE.md, modelferry run). */
struct run_story {
    char id[37]; /* a UUID, version 7 */
    const char *job_space;
    const char *job_name;
    const char *parent_id; /* NULL: none */
    const char *parent_space;
    const char *parent_name;
    const char *directory; /* working directory */
    struct run_tool tool;
    json_t *arguments;   /* of run_tool_arguments() */
    json_t *environment; /* of run_tool_environment() */
    bool has_git;
    struct run_git git;
    struct run_ends inputs;
    struct run_ends outputs;
    int64_t started_ms;
    int64_t ended_ms; /* 0: it goes on */
    int64_t duration_ms;
    struct run_child_result result;
    const char *failure; /* why it counts as failed; NULL: it does not */
};

/* Accepts NULL and a zeroed struct. */
void run_event_release(struct run_story *story);

/* Makes up the run's id from the time and random bytes. */
void run_event_identify(struct run_story *story);

/*
 * Reads the parent that OPENLINEAGE_PARENT_ID names, as "NAMESPACE/JOB/RUNID"; nothing happens
 * where it is not set or malformed.
 */
void run_event_adopt(struct run_story *story, struct arena *arena);

/* START where it has not ended, else COMPLETE or FAIL; a new reference, NULL where memory ends. */
json_t *run_event_encode(const struct run_story *story);

#endif
