/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_AUDIT_REPORT_H
#define PROTO_AUDIT_REPORT_H

/*
 * Reports: what the server says about the past, in an envelope (tuf/envelope.h) that it signs with
 * the audit key (docs/AUDIT.md):
 *
 *     {"signatures":[...],"signed":{"modelferry_report":1,"kind":"device","workspace":"default",
 *      "made_at":"...","made_for":"alice","key":{...},"question":{...},"answer":{...}}}
 */
#define AUDIT_REPORT_MEMBER "modelferry_report"
#define AUDIT_REPORT_FORMAT 1

#define AUDIT_REPORT_MAX ((size_t)256 << 20) /* bytes of the file */

#define AUDIT_REPORT_KIND_DEVICE "device"
#define AUDIT_REPORT_KIND_VERSION "version"
#define AUDIT_REPORT_KIND_IMPACT "impact"

#endif
