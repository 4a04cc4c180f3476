/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>

/*
 * While one of these is open, SIGINT, SIGTERM and SIGHUP do not end the process: a transfer asks
 * interrupt_pending() and ends itself in good order. Outside they act as ever. A second signal is
 * not lost: it is delivered when the guard closes.
 */
struct interrupt {
    int fd;
    sigset_t before;
    bool open;
    bool seen;
};

int interrupt_open(struct interrupt *interrupt) MUST_CHECK;

/* Whether one of the signals has come since interrupt_open. */
bool interrupt_pending(struct interrupt *interrupt);

/* Sleeps at most timeout_ms; returns early, and true, where one of the signals comes. */
bool interrupt_sleep(struct interrupt *interrupt, int timeout_ms);

/* Accepts NULL and a zeroed struct. */
void interrupt_close(struct interrupt *interrupt);

#endif
