/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DAEMON_H
#define AGENT_DAEMON_H

#include "agent/config.h"

/*
 * `run`: puts the parts together, owns them, and turns the loop until SIGTERM or SIGINT; with
 * --once until everything is as desired and reported, or cannot be for now.
 *
 * reload  called on SIGHUP: reads the configuration again and applies what can be applied
 *
 * Returns the exit status: 0; 1 where it could not run, or with --once where something is not as
 * desired.
 */
int daemon_run(const struct config *config, void (*reload)(void *state), void *state);

#endif
