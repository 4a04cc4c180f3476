/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_REPORT_CHECK_H
#define CLI_AUDIT_REPORT_CHECK_H

#include "base/arena.h"
#include "cli/cli.h"
#include "tuf/envelope.h"

#include <stdbool.h>

/* A report (proto/audit_report.h) that was read. Release it. */
struct report_check {
    struct arena arena;
    struct envelope envelope;
    struct key key; /* that it says it was signed with */
    bool is_signed; /* by that key */
};

/*
 * Reads one and checks that the key that it names has signed it, or that it is unsigned.
 *
 * what  where it comes from, for errors
 *
 * Returns 0, CLI_UNVERIFIED or CLI_FAILED once reported, or negative.
 */
int report_check_read(struct cli *cli, const char *what, const void *bytes, size_t size,
                      struct report_check *ret_report) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void report_check_release(struct report_check *report);

/* Whether a file looks like a report, rather than a copy of the audit log. False where it cannot
 * be read: whoever reads it next says why. */
bool report_check_is(const char *path);

/*
 * `modelferry audit verify FILE` of a report, without a server: whole, and signed by --key where it
 * is given. Returns an exit status, or negative.
 */
int report_check_file(struct cli *cli, const char *path) MUST_CHECK;

#endif
