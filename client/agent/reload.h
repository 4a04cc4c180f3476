/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_RELOAD_H
#define AGENT_RELOAD_H

#include "agent/ipc.h"
#include "agent/loop.h"
#include "agent/slot.h"
#include "base/arena.h"
#include "base/error.h"
#include "proto/reload_kind.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Telling a slot's application that `current` is another version, and learning what it cost. */

enum reload_target {
    RELOAD_PID,
    RELOAD_PIDFILE,
    RELOAD_UNIT, /* systemd */
};

/* Strings live in the arena of reload_parse(). */
struct reload_rule {
    const char *slot;
    enum reload_kind kind;
    const char *command; /* restart: for /bin/sh -c */
    int signal;
    enum reload_target target_kind;
    const char *target;
};

/*
 * Reads "SLOT: KIND ...": "main: watch", "main: notify", "main: signal HUP pidfile /run/x.pid",
 * "main: restart systemctl restart x".
 *
 * Returns NULL, or what was expected.
 */
const char *reload_parse(const char *text, struct arena *arena, struct reload_rule *ret_rule);

struct reload_result {
    bool failed;
    char detail[256];       /* where it failed */
    int64_t gap_us;         /* -1: nobody could measure it */
    const char *gap_source; /* "application", "agent", "none" */
};

/*
 * One switch. The application's own word is asked for wherever it is connected by libmodelferry:
 *
 *   watch, notify, signal  every application that has the slot open must say that it is ready; one
 *                          that goes away may come back and say so; the gap is the longest that
 *                          any of them had
 *   restart                the command must end with 0; as many applications as had the slot open
 *                          must be ready again: the gap is from when the first went to when the
 *                          last is ready (source: application). Where there was none it is what the
 *                          command took (agent)
 *
 * It fails when one says so, when a command or signal fails, and when the time is up.
 */
struct reload_job {
    struct loop *loop;
    struct ipc *ipc;
    const struct reload_rule *rule;
    char slot[NAME_MAX_BYTES + 1];
    char id[SLOT_ID_SIZE];
    void (*done)(void *state, const struct reload_result *result);
    void *state;

    struct ipc_observer observer;
    struct loop_timer timeout;
    struct loop_timer settle;
    struct loop_source child;
    pid_t child_pid;
    size_t awaited; /* applications that must still say they are ready */
    bool had_applications;
    int64_t timeout_ms;
    int64_t started_us;
    int64_t gone_us; /* restart: when the first application went; 0: none yet */
    int64_t gap_us;
    char problem[200]; /* what is known to have failed before anything was waited for */
    bool busy;
};

/* done is called once, from the loop. */
void reload_start(struct reload_job *job, struct loop *loop, struct ipc *ipc,
                  const struct reload_rule *rule, const char *slot, const char *id,
                  int64_t timeout_ms, void (*done)(void *state, const struct reload_result *result),
                  void *state);

/* Stops waiting without calling back; a command that runs goes on. Idle is fine. */
void reload_cancel(struct reload_job *job);

#endif
