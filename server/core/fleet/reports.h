/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_REPORTS_H
#define CORE_FLEET_REPORTS_H

#include "base/arena.h"
#include "db/db.h"
#include "json/fields.h"

#include <stddef.h>
#include <stdint.h>

/* What devices report, signed with their own keys: it must be believed later. */

enum {
    REPORTS_E_SYNTAX = 32,    /* not JSON */
    REPORTS_E_UNKNOWN = 33,   /* a member that reports do not have */
    REPORTS_E_INVALID = 34,   /* missing or wrong members */
    REPORTS_E_LARGE = 35,     /* more than REPORT_SIZE_MAX */
    REPORTS_E_SIGNATURE = 36, /* not signed with the device's key */
    REPORTS_E_DEVICE = 37,    /* it names another device */
    REPORTS_E_REPLAYED = 38,  /* its sequence, or a higher one, or its nonce was seen */
    REPORTS_E_MISSING = 39,   /* the device is gone or revoked */
};

struct reports_refusal {
    struct fields_error error; /* of SYNTAX, UNKNOWN, INVALID */
    const char *keyid;         /* of SIGNATURE: the key that was expected, in hex */
    const char *device_id;     /* of DEVICE: the id that was expected */
    int64_t sequence;          /* of REPLAYED: the highest that was seen */
};

/* Verifies a report's envelope and stores it, verbatim, and what it says of each slot. */
int reports_accept(struct db *db, int64_t workspace_id, int64_t device_id, const void *bytes,
                   size_t size, int64_t now_ms, struct arena *arena,
                   struct reports_refusal *ret_refusal) MUST_CHECK;

#endif
