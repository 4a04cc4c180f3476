/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PARTS_H
#define AGENT_PARTS_H

/* What the daemon owns and hands down: borrowed by all, changed by their own modules only. */
struct parts {
    struct loop *loop;
    const struct config *config;
    const struct store *store;
    struct identity *identity;
    const struct trust *trust;
    struct ipc *ipc;
    struct reporter *reporter;
    struct detections *detections;
    const char *url; /* base of the device listener */
};

#endif
