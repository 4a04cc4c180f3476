/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLEET_ROLLOUT_H
#define CLI_FLEET_ROLLOUT_H

#include "cli/reference.h"
#include "cli/server.h"

#include <jansson.h>

/* Waits until devices have installed what was set for them, as `deploy --wait` does. */
struct rollout {
    struct server *server;
    struct reference reference;
    const char *slot;
    const char *const *devices;
    size_t count;
    int64_t timeout_ms; /* 0: none */
};

/*
 * ret_devices  [{"device","state":"installed|failed|pending|superseded|revoked|missing",
 *              "gap_us"?,"error"?}] in the order of the devices, also where the result is not 0; a
 * new reference
 *
 * Returns 0 once all have installed it; CLI_FAILED, CLI_TIMED_OUT, CLI_INTERRUPTED or another exit
 * status once reported; or negative.
 */
int rollout_wait(const struct rollout *rollout, json_t **ret_devices) MUST_CHECK;

#endif
