/* SPDX-License-Identifier: Apache-2.0 */
#include "api/registry_problems.h"

#include "core/registry/notes.h"

const struct problem registry_problems_unknown_model = {"unknown-model", 404, "Unknown model"};
const struct problem registry_problems_unknown_version = {"unknown-version", 404,
                                                          "Unknown version"};
const struct problem registry_problems_unknown_key = {"unknown-key", 404, "Unknown key"};
const struct problem registry_problems_model_exists = {"model-exists", 409, "Model exists"};
const struct problem registry_problems_version_exists = {"version-exists", 409, "Version exists"};
const struct problem registry_problems_version_published = {"version-published", 409,
                                                            "Version is published"};
const struct problem registry_problems_not_published = {"version-not-published", 409,
                                                        "Version is not published"};
const struct problem registry_problems_archived = {"archived", 409, "Archived"};
const struct problem registry_problems_deleted = {"deleted", 409, "Deleted"};
const struct problem registry_problems_immutable = {"immutable", 409, "It never changes"};
const struct problem registry_problems_approvals = {"approvals-missing", 409,
                                                    "Approvals are missing"};
const struct problem registry_problems_key_exists = {"key-exists", 409, "Key exists"};
const struct problem registry_problems_too_many_keys = {"too-many-keys", 409, "Too many keys"};
const struct problem registry_problems_bad_signature = {"bad-signature", 422, "Bad signature"};
const struct problem registry_problems_missing_artifacts = {"missing-artifacts", 409,
                                                            "Artifacts are missing"};
const struct problem registry_problems_variant_exists = {"variant-exists", 409, "Variant exists"};
const struct problem registry_problems_too_many_variants = {"too-many-variants", 409,
                                                            "Too many variants"};
const struct problem registry_problems_unknown_variant = {"unknown-variant", 404,
                                                          "Unknown variant"};
const struct problem registry_problems_unreadable_artifact = {"unreadable-artifact", 422,
                                                              "Unreadable artifact"};
const struct problem registry_problems_wrong_format = {"wrong-format", 422, "Wrong format"};
const struct problem registry_problems_incomplete_variant = {"incomplete-variant", 422,
                                                             "Incomplete variant"};
const struct problem registry_problems_contradicted_signature = {"contradicted-signature", 422,
                                                                 "Contradicted signature"};

void registry_problems_model(struct reply *reply, const char *model)
{
    reply_problem(reply, &registry_problems_unknown_model,
                  "there is no model '%s' in this workspace; GET /api/v1/models lists them, POST "
                  "/api/v1/models makes one",
                  model);
}

void registry_problems_version(struct reply *reply, const char *model, const char *version)
{
    reply_problem(reply, &registry_problems_unknown_version,
                  "model '%s' has no version '%s'; GET /api/v1/models/%s/versions lists them",
                  model, version, model);
}

void registry_problems_may_change(struct reply *reply)
{
    static const char *const beside[] = {"aliases", "variants", "approvals", "archive", NULL};
    json_t *names = json_array();

    for (const struct notes_member *member = notes_version; member->name; member++)
        (void)json_array_append_new(names, json_string(member->name));
    for (const char *const *name = beside; *name; name++)
        (void)json_array_append_new(names, json_string(*name));
    reply_problem_member(reply, "may_change", names);
}
