/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CHORES_H
#define AGENT_CHORES_H

#include "agent/parts.h"
#include "lib/http.h"

#include <stdbool.h>

/*
 * What is done now and then while the server is there: what the device says of itself is sent
 * where it changed, and the token is exchanged for a new one where it is old.
 */
struct chores {
    const struct parts *parts;
    struct http_transfer *transfer;
    char *facts; /* being sent */
    bool facts_refused;
    void (*idle)(void *state); /* nothing more is due; may be NULL */
    void *state;
};

/* Does what is due, one thing at a time; call it whenever the server has answered. */
void chores_do(struct chores *chores);

/* The file in the state directory that holds the facts as the server knows them. */
#define CHORES_FACTS_FILE "metadata/facts.json"

void chores_release(struct chores *chores);

#endif
