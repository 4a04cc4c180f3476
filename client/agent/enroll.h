/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ENROLL_H
#define AGENT_ENROLL_H

#include "agent/config.h"

/*
 * `enroll`: pins what this device trusts, makes the device's key, proves to the server that we hold
 * it, and keeps what the server answers. May be repeated: the same key and name get a new token.
 *
 * Returns the exit status.
 */
int enroll_run(const struct config *config);

#endif
