/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_WITHDRAWN_H
#define AGENT_WITHDRAWN_H

#include "agent/detections.h"
#include "agent/store.h"

/*
 * Of what was found withdrawn in this round, lets go what no slot serves any more: another version
 * was installed since. Before the round settles.
 */
void withdrawn_let_go(const struct store *store, struct detections *detections);

#endif
