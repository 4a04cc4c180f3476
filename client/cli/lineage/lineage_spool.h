/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_LINEAGE_SPOOL_H
#define CLI_LINEAGE_LINEAGE_SPOOL_H

#include "cli/server.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Lineage events on their way to the server. What it cannot take now is kept, a file an event with
 * mode 0600, in $XDG_STATE_HOME/modelferry/lineage/<server>, and sent later: whatever order they
 * come in, the graph is the same.
 */

#define LINEAGE_SPOOL_EVENTS_MAX 10000

enum lineage_spool_fate {
    LINEAGE_SPOOL_SENT,
    LINEAGE_SPOOL_KEPT, /* the server is away, or does not let us now */
    LINEAGE_SPOOL_LOST, /* refused for good, or no room; why says it */
};

/* Sends an event, or keeps it. why: a sentence in the command's arena. Never fails: that there is
 * no lineage does not stop what it is about. */
enum lineage_spool_fate lineage_spool_send(struct server *server, const json_t *event,
                                           const char **ret_why);

/* Sends what was kept for this server, oldest first, until one cannot be sent. ret_left: how many
 * are still there; why: of the first that was not sent, or NULL. */
void lineage_spool_flush(struct server *server, size_t *ret_sent, size_t *ret_left,
                         const char **ret_why);

#endif
