/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/config.h"
#include "agent/install.h"
#include "agent/parts.h"
#include "base/buffer.h"

#include <stdbool.h>

/* What a running agent knows besides its state directory. */
struct status_live {
    const char *mode; /* how it follows the server */
    bool online;
    const struct install *install; /* what is under way */
};

/* Appends {"pid","mode","online","spool","update":{...}|null}. */
void status_live(const struct parts *parts, const struct status_live *live, struct buffer *json);

/*
 * `status`: what the state directory says, and what the running agent adds.
 *
 * Returns the exit status: 0; 1 where there is nothing to tell or no permission; 3 where no agent
 * runs.
 */
int status_print(const struct config *config);

#endif
