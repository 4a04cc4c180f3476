/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "base/options.h"
#include "config.h"

/* What modelferryd does besides serving: for whoever may run it on the server's own machine, before
 * there is any token. run's context is the struct config; it returns the exit status. */
extern const struct options_command commands_all[];

#endif
