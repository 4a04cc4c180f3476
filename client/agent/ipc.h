/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_IPC_H
#define AGENT_IPC_H

#include "agent/loop.h"
#include "agent/slot.h"
#include "base/buffer.h"
#include "base/error.h"
#include "model/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The agent's end of lib/wire.h: applications that serve from a slot, and `status`. */

#define IPC_APPS_MAX 32

/* An application that is connected; it names itself by the slot it opened. */
struct ipc_app {
    struct ipc *ipc;
    struct loop_source source;     /* fd -1: free */
    char slot[NAME_MAX_BYTES + 1]; /* empty: has not opened one */
    char serves[SLOT_ID_SIZE];     /* what it last said it was ready with */
};

/* Who waits for what applications say of a slot: a reload that is under way. */
struct ipc_observer {
    const char *slot;
    void (*ready)(void *state, const char *id, int64_t gap_us, int64_t at_us);
    void (*failed)(void *state, const char *id, const char *detail);
    void (*gone)(void *state, const char *serves);
    void *state;
    struct ipc_observer *next;
};

/* What the rest of the agent answers. */
struct ipc_answers {
    /* the slot's mode, and what `current` is ("" where nothing) */
    const char *(*opened)(void *state, const char *slot, char ret_id[static SLOT_ID_SIZE]);
    void (*status)(void *state, struct buffer *json);
    void *state;
};

struct ipc {
    struct loop *loop;
    const char *path;
    struct loop_source listener;
    struct ipc_app apps[IPC_APPS_MAX];
    struct ipc_observer *observers;
    struct ipc_answers answers;
};

/*
 * Listens on path (replaced where it exists: the caller holds the state directory's lock).
 *
 * group  who may connect besides our own user; NULL: our own group
 */
int ipc_open(struct ipc *ipc, struct loop *loop, const char *path, const char *group,
             const struct ipc_answers *answers) MUST_CHECK;

/* Ends all connections. Accepts a zeroed struct. */
void ipc_close(struct ipc *ipc);

void ipc_observe(struct ipc *ipc, struct ipc_observer *observer);
void ipc_forget(struct ipc *ipc, struct ipc_observer *observer);

/* How many applications have the slot open. */
size_t ipc_count(const struct ipc *ipc, const char *slot);

/* Tells them of a new version. */
void ipc_offer(struct ipc *ipc, const char *slot, const char *id);

/*
 * Asks a running agent for its status, for the command line.
 *
 * Returns 0, IPC_E_AWAY where none answers, or negative.
 */
enum {
    IPC_E_AWAY = 1
};
int ipc_ask_status(const char *path, char **ret_json) MUST_CHECK;

#endif
