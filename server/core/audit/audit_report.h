/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_AUDIT_REPORT_H
#define CORE_AUDIT_AUDIT_REPORT_H

#include "base/buffer.h"
#include "core/audit/audit_key.h"
#include "db/db.h"

#include <jansson.h>
#include <stdint.h>

/* An answer of core/lineage/explain.h as a report that can be checked without us
 * (proto/audit_report.h). */

struct audit_report {
    const char *kind; /* AUDIT_REPORT_KIND_* */
    const json_t *question;
    const json_t *answer; /* without fractions */
};

/*
 * Appends the envelope: signed by the audit key, which is named in what is signed; where the server
 * has no master key there is neither a key nor a signature.
 *
 * place  as for audit_key_open; its actor is whom the report is made for
 *
 * Returns 0, AUDIT_KEY_E_SEALED, or negative.
 */
int audit_report_write(struct db *db, const struct audit_key_place *place,
                       const struct audit_report *report, struct buffer *buffer) MUST_CHECK;

#endif
