/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_H
#define APP_H

#include "base/error.h"
#include "config.h"

/* The composition root: owns everything and hands it down. */
struct app;

/* Starts all of it. Signals must be blocked before, so that its threads inherit that. */
int app_new(const struct config *config, struct app **ret_app) MUST_CHECK;

/* Takes over what can be reloaded: log, timeouts, certificates. */
void app_reload(struct app *app, const struct config *config);

/* Whether it found that it cannot go on (the database's schema is newer than this binary). It then
 * sent SIGTERM to the process. */
bool app_has_failed(const struct app *app);

/* Finishes what runs, tells event streams to come back, ends everything. Accepts NULL. */
void app_free(struct app *app);

#endif
