/* SPDX-License-Identifier: Apache-2.0 */
#include "http/problems.h"

const struct problem problems_bad_request = {"bad-request", 400, "Bad request"};
const struct problem problems_malformed_json = {"malformed-json", 400, "Malformed JSON"};
const struct problem problems_invalid_field = {"invalid-field", 400, "Invalid field"};
const struct problem problems_unknown_field = {"unknown-field", 400, "Unknown field"};
const struct problem problems_unauthenticated = {"unauthenticated", 401, "Not authenticated"};
const struct problem problems_forbidden = {"forbidden", 403, "Forbidden"};
const struct problem problems_not_found = {"not-found", 404, "Not found"};
const struct problem problems_method_not_allowed = {"method-not-allowed", 405,
                                                    "Method not allowed"};
const struct problem problems_conflict = {"conflict", 409, "Conflict"};
const struct problem problems_deleted = {"deleted", 410, "Deleted"};
const struct problem problems_precondition_failed = {"precondition-failed", 412,
                                                     "Precondition failed"};
const struct problem problems_too_large = {"too-large", 413, "Too large"};
const struct problem problems_unsupported_media = {"unsupported-media-type", 415,
                                                   "Unsupported media type"};
const struct problem problems_range = {"range-not-satisfiable", 416, "Range not satisfiable"};
const struct problem problems_idempotency_reused = {"idempotency-key-reused", 422,
                                                    "Idempotency key reused"};
const struct problem problems_too_many = {"too-many-requests", 429, "Too many requests"};
const struct problem problems_internal = {"internal", 500, "Internal error"};
const struct problem problems_unavailable = {"unavailable", 503, "Unavailable"};
const struct problem problems_no_space = {"no-space", 507, "No space left"};
