/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REGISTRY_PROBLEMS_H
#define API_REGISTRY_PROBLEMS_H

#include "http/reply.h"

/* Problems of the registry. Each says what to do. */

extern const struct problem registry_problems_unknown_model;
extern const struct problem registry_problems_unknown_version;
extern const struct problem registry_problems_unknown_key;
extern const struct problem registry_problems_model_exists;
extern const struct problem registry_problems_version_exists;
extern const struct problem registry_problems_version_published;
extern const struct problem registry_problems_not_published;
extern const struct problem registry_problems_archived;
extern const struct problem registry_problems_deleted; /* 409 */
extern const struct problem registry_problems_immutable;
extern const struct problem registry_problems_approvals;
extern const struct problem registry_problems_key_exists;
extern const struct problem registry_problems_too_many_keys;
extern const struct problem registry_problems_bad_signature;
extern const struct problem registry_problems_missing_artifacts;
extern const struct problem registry_problems_variant_exists;
extern const struct problem registry_problems_too_many_variants;
extern const struct problem registry_problems_unknown_variant;
extern const struct problem registry_problems_unreadable_artifact;
extern const struct problem registry_problems_wrong_format;
extern const struct problem registry_problems_incomplete_variant;
extern const struct problem registry_problems_contradicted_signature;

void registry_problems_model(struct reply *reply, const char *model);
void registry_problems_version(struct reply *reply, const char *model, const char *version);

/* Adds to a problem that says that something never changes what of the version does:
 * "may_change". */
void registry_problems_may_change(struct reply *reply);

#endif
