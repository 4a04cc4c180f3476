/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PROBLEMS_H
#define HTTP_PROBLEMS_H

#include "http/reply.h"

/* Problems that any route may answer. Resources declare theirs beside their handlers. */
extern const struct problem problems_bad_request;         /* 400 */
extern const struct problem problems_malformed_json;      /* 400: says line and column */
extern const struct problem problems_invalid_field;       /* 400: says which field, and why */
extern const struct problem problems_unknown_field;       /* 400 */
extern const struct problem problems_unauthenticated;     /* 401, with WWW-Authenticate: Bearer */
extern const struct problem problems_forbidden;           /* 403: says which role is needed */
extern const struct problem problems_not_found;           /* 404 */
extern const struct problem problems_method_not_allowed;  /* 405, with Allow */
extern const struct problem problems_conflict;            /* 409 */
extern const struct problem problems_deleted;             /* 410: says what, by whom and when */
extern const struct problem problems_precondition_failed; /* 412 */
extern const struct problem problems_too_large;           /* 413 */
extern const struct problem problems_unsupported_media;   /* 415 */
extern const struct problem problems_range;               /* 416 */
extern const struct problem problems_idempotency_reused;  /* 422 */
extern const struct problem problems_too_many;            /* 429 */
extern const struct problem problems_internal;            /* 500 */
extern const struct problem problems_unavailable;         /* 503, with Retry-After */
extern const struct problem problems_no_space;            /* 507 */

#endif
