/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>

/* Tells systemd how the service is (sd_notify(3)); does nothing where there is none. */

/* state: "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; lines. */
void notify_send(const char *state);

/* RELOADING=1 with the time that systemd wants beside it. */
void notify_reloading(void);

/* How often WATCHDOG=1 is due, in milliseconds: half of what systemd allows. 0: never. */
int64_t notify_watchdog_ms(void);

#endif
