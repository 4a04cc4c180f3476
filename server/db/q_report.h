/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_REPORT_H
#define DB_Q_REPORT_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Signed reports of devices, and what they say is installed. */

#define Q_REPORT_KEPT 1000 /* reports a device */

enum {
    /* the sequence is not above all before, the nonce was seen, or the device is revoked */
    Q_REPORT_E_REPLAYED = 16,
};

/* Strings live in the arena of who read it. */
struct q_report {
    int64_t sequence;
    int64_t received_ms;
    const char *envelope; /* JSON, verbatim */
    size_t size;
    uint8_t nonce[REPORT_NONCE_SIZE]; /* for q_report_insert only */
};

/* Stores a report and forgets those beyond Q_REPORT_KEPT. In a transaction of the caller. */
int q_report_insert(struct db *db, int64_t workspace_id, int64_t device_id,
                    const struct q_report *report) MUST_CHECK;

/* Those with a sequence below before (0: all), newest first, at most limit. */
int q_report_list(struct db *db, int64_t workspace_id, int64_t device_id, int64_t before,
                  int64_t limit, struct arena *arena, struct q_report **ret_reports,
                  size_t *ret_count) MUST_CHECK;

/* What a device says of one slot. */
struct q_report_slot {
    const char *slot;
    const char *state;
    const char *model;   /* NULL: none */
    const char *version; /* NULL: none */
    bool has_manifest;
    uint8_t manifest_sha256[DIGEST_SHA256_SIZE];
    const char *report; /* the JSON object */
    int64_t sequence;
    int64_t received_ms;
};

int q_report_set_slot(struct db *db, int64_t workspace_id, int64_t device_id,
                      const struct q_report_slot *slot) MUST_CHECK;

/*
 * Adds to the history of what the device served: a row a slot where it differs from the last,
 * slots that serve nothing any more among them. In the transaction that has inserted the report.
 */
int q_report_ran(struct db *db, int64_t workspace_id, int64_t device_id,
                 const struct report *report, int64_t received_ms, struct arena *arena) MUST_CHECK;

#endif
