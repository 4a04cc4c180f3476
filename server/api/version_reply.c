/* SPDX-License-Identifier: Apache-2.0 */
#include "api/version_reply.h"

#include "api/api.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/registry/variants.h"
#include "http/body.h"
#include "http/problems.h"
#include "model/manifest.h"

#include <string.h>

/* How many missing artifacts a problem names; the others are counted. */
#define NAMED_MAX 100

struct versions_place version_reply_place(const struct call *call, const struct audit_actor *actor)
{
    const struct api *api = call->context;

    return (struct versions_place){
        .workspace_id = call->principal->workspace_id,
        .model = request_param(call->request, "model"),
        .actor = actor,
        .now_ms = clock_wall_ms(api->clock),
    };
}

/* What is signed, and what was said by others since. */
static void add_notes(json_t *object, const struct q_version *version)
{
    const struct {
        const char *name;
        const char *json;
    } stored[] = {
        {"tags",         version->tags_json        },
        {"metrics",      version->metrics_json     },
        {"measurements", version->measurements_json},
        {"params",       version->params_json      },
        {"param_types",  version->param_types_json },
        {"signed",       version->signed_json      },
        {"aliases",      version->aliases_json     },
        {"approved_by",  version->approved_by_json },
    };

    for (size_t i = 0; i < ARRAY_LEN(stored); i++)
        (void)json_object_set_new(object, stored[i].name, encode_stored(stored[i].json));
    (void)json_object_set_new(object, "card_bytes", json_integer((json_int_t)version->card_bytes));
    (void)json_object_set_new(object, "revision", json_integer((json_int_t)version->revision));
    (void)json_object_set_new(
        object, "archived",
        encode_archived(version->archived_ms, version->archived_by, version->archive_reason));
    (void)json_object_set_new(
        object, "deleted",
        encode_archived(version->deleted_ms, version->deleted_by, version->delete_reason));
    (void)json_object_set_new(object, "listed_at", encode_time(version->listed_ms));
    (void)json_object_set_new(object, "yanked",
                              version->yanked_ms
                                  ? json_pack("{s:o, s:s}", "at", encode_time(version->yanked_ms),
                                              "by", version->yanked_by)
                                  : json_null());
}

json_t *version_reply_encode(const char *model, const struct q_version *version)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:s, s:o}", "model", model, "version",
        version->version, "state", version->state, "created_at", encode_time(version->created_ms),
        "created_by", version->created_by, "published_at", encode_time(version->published_ms),
        "description", version->description, "signature",
        version->signature_json ? encode_stored(version->signature_json) : json_null(), "variants",
        encode_stored(version->variants_json), "manifest_sha256", version->manifest_sha256,
        "signed_by", encode_stored(version->signed_by_json));

    add_notes(object, version);
    return object;
}

/* What was read from the artifacts, beside each of them. */
static void add_formats(json_t *object, const struct q_version *version)
{
    json_t *variants = json_object_get(object, "variants");
    json_t *variant;
    json_t *artifact;
    size_t i;
    size_t j;

    json_array_foreach (variants, i, variant) {
        json_array_foreach (json_object_get(variant, "artifacts"), j, artifact)
            (void)json_object_set_new(artifact, "info", json_null());
    }
    for (size_t k = 0; k < version->format_count; k++) {
        const struct q_format *format = &version->formats[k];

        variant = json_array_get(variants, (size_t)format->variant);
        artifact = json_array_get(json_object_get(variant, "artifacts"), (size_t)format->position);
        (void)json_object_set_new(artifact, "info", encode_stored(format->info_json));
    }
}

json_t *version_reply_encode_whole(const char *model, const struct q_version *version)
{
    json_t *object = version_reply_encode(model, version);

    add_formats(object, version);
    return object;
}

static void refuse_exists(struct reply *reply, const char *model,
                          const struct versions_failure *failure)
{
    const struct q_version *version = &failure->exists;

    bool published = strcmp(version->state, "published") == 0;

    if (published)
        reply_problem(reply, &registry_problems_version_exists,
                      "version %s of model '%s' is published and never changes; publish what is "
                      "new under a new version",
                      version->version, model);
    else if (failure->exists_same)
        reply_problem(reply, &registry_problems_version_exists,
                      "version %s of model '%s' is there as a draft with the same contents; sign "
                      "it by POST /api/v1/models/%s/versions/%s/signatures, or DELETE it",
                      version->version, model, model, version->version);
    else
        reply_problem(reply, &registry_problems_version_exists,
                      "version %s of model '%s' is there as a draft with other contents; DELETE it "
                      "first, or use a new version",
                      version->version, model);
    reply_problem_member(reply, "state", json_string(version->state));
    reply_problem_member(reply, "manifest_sha256", json_string(version->manifest_sha256));
    if (published)
        registry_problems_may_change(reply);
}

static void refuse_deleted(struct reply *reply, const char *model,
                           const struct versions_failure *failure)
{
    const struct q_version *version = &failure->exists;

    reply_problem(reply, &registry_problems_deleted,
                  "version '%s' of '%s' was deleted by '%s', and its name is never given again; "
                  "publish under a new version",
                  version->version, model, version->deleted_by);
    reply_problem_member(reply, "manifest_sha256", json_string(version->manifest_sha256));
}

static void refuse_signature(struct reply *reply, const char *model,
                             const struct versions_failure *failure)
{
    json_t *keyids = json_array();

    for (size_t i = 0; i < failure->keyid_count; i++)
        (void)json_array_append_new(keyids, json_string(failure->keyids[i]));
    if (failure->keyid_count == 0)
        reply_problem(reply, &registry_problems_bad_signature,
                      "model '%s' has no key that is not revoked; an administrator adds one by "
                      "POST /api/v1/models/%s/keys",
                      model, model);
    else if (failure->bad_count > 0)
        reply_problem(reply, &registry_problems_bad_signature,
                      "a signature does not verify; sign the canonical JSON of 'signed' with a key "
                      "of model '%s', such as %s",
                      model, failure->keyids[0]);
    else
        reply_problem(reply, &registry_problems_bad_signature,
                      "none of the signatures is by a key of model '%s'; expected: %s%s", model,
                      failure->keyids[0],
                      failure->keyid_count > 1 ? ", or another of expected_keyids" : "");
    reply_problem_member(reply, "expected_keyids", keyids);
}

static void refuse_artifacts(struct reply *reply, const struct versions_failure *failure)
{
    const struct q_variant_missing *first = &failure->missing[0];
    json_t *missing = json_array();

    for (size_t i = 0; i < failure->missing_count && i < NAMED_MAX; i++) {
        const struct q_variant_missing *one = &failure->missing[i];

        (void)json_array_append_new(missing,
                                    json_pack("{s:s, s:s, s:I}", "name", one->name, "sha256",
                                              one->sha256, "length", (json_int_t)one->size_bytes));
    }
    if (first->stored_bytes >= 0)
        reply_problem(reply, &registry_problems_missing_artifacts,
                      "the manifest says that '%s' (sha256 %s) has %lld bytes, but what is stored "
                      "has %lld; correct the manifest",
                      first->name, first->sha256, (long long)first->size_bytes,
                      (long long)first->stored_bytes);
    else
        reply_problem(reply, &registry_problems_missing_artifacts,
                      "%zu artifacts are not stored, such as '%s'; upload each by PUT "
                      "/api/v1/artifacts/%s first",
                      failure->missing_count, first->name, first->sha256);
    reply_problem_member(reply, "missing", missing);
    reply_problem_member(reply, "missing_count", json_integer((json_int_t)failure->missing_count));
}

/* What the files of a version are not, with what to do about it. */
static void refuse_format(struct reply *reply, const struct formats_failure *failure)
{
    static const struct {
        int outcome;
        const struct problem *problem;
        const char *what_to_do;
    } rows[] = {
        {FORMATS_E_ARTIFACT,   &registry_problems_unreadable_artifact,
         "; export it anew, or publish it under a runtime of no known format, such as custom, to "
         "have it taken as it is"                                           },
        {FORMATS_E_FORMAT,     &registry_problems_wrong_format,           ""},
        {FORMATS_E_INCOMPLETE, &registry_problems_incomplete_variant,     ""},
        {FORMATS_E_SIGNATURE,  &registry_problems_contradicted_signature,
         "; declare what the file says, or leave the signature out"         },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].outcome == failure->outcome)
            reply_problem(reply, rows[i].problem, "%s%s", failure->text, rows[i].what_to_do);
    }
    reply_problem_member(reply, "variant", json_string(failure->variant));
    if (failure->artifact)
        reply_problem_member(reply, "artifact", json_string(failure->artifact));
    if (failure->reason)
        reply_problem_member(reply, "reason", json_string(failure->reason));
}

int version_reply_refuse(const struct call *call, const char *version, int outcome,
                         const struct versions_failure *failure, struct reply *reply)
{
    const char *model = request_param(call->request, "model");

    switch (outcome) {
    case VERSIONS_E_SYNTAX:
        (void)body_refuse_syntax(reply, &failure->error);
        return 0;
    case VERSIONS_E_UNKNOWN:
        (void)body_refuse_field(reply, FIELDS_E_UNKNOWN, &failure->error);
        return 0;
    case VERSIONS_E_INVALID:
        (void)body_refuse_field(reply, FIELDS_E_INVALID, &failure->error);
        return 0;
    case VERSIONS_E_LARGE:
        reply_problem(reply, &problems_too_large, "an envelope has at most %zu bytes",
                      MANIFEST_SIZE_MAX);
        return 0;
    case VERSIONS_E_MODEL:
        registry_problems_model(reply, model);
        return 0;
    case VERSIONS_E_MISSING:
        registry_problems_version(reply, model, version);
        return 0;
    case VERSIONS_E_EXISTS:
        refuse_exists(reply, model, failure);
        return 0;
    case VERSIONS_E_DELETED:
        refuse_deleted(reply, model, failure);
        return 0;
    case VERSIONS_E_SIGNATURE:
        refuse_signature(reply, model, failure);
        return 0;
    case VERSIONS_E_ARTIFACTS:
        refuse_artifacts(reply, failure);
        return 0;
    case VERSIONS_E_FORMAT:
        refuse_format(reply, &failure->format);
        return 0;
    case VERSIONS_E_PUBLISHED:
        reply_problem(reply, &registry_problems_version_published,
                      "version %s of model '%s' is published and never changes; take it out of use "
                      "by PUT /api/v1/models/%s/versions/%s/archive",
                      version, model, model, version);
        registry_problems_may_change(reply);
        return 0;
    case VARIANTS_E_DRAFT:
        reply_problem(reply, &registry_problems_not_published,
                      "version %s of model '%s' is a draft; sign it first, then add variants",
                      version, model);
        return 0;
    case VARIANTS_E_EXISTS:
        reply_problem(reply, &registry_problems_variant_exists,
                      "version %s of model '%s' has that variant, which never changes; add another "
                      "one, or publish under a new version",
                      version, model);
        registry_problems_may_change(reply);
        return 0;
    case VARIANTS_E_FULL:
        reply_problem(reply, &registry_problems_too_many_variants,
                      "version %s of model '%s' has %d variants, and takes no more", version, model,
                      MANIFEST_VARIANTS_MAX);
        return 0;
    case VARIANTS_E_NONE:
        reply_problem(reply, &registry_problems_unknown_variant,
                      "version %s of model '%s' has no such variant; GET "
                      "/api/v1/models/%s/versions/%s lists them",
                      version, model, model, version);
        return 0;
    case VERSIONS_E_ARCHIVED:
        reply_problem(reply, &registry_problems_archived,
                      "model '%s' is archived; restore it first: DELETE /api/v1/models/%s/archive",
                      model, model);
        return 0;
    default:
        return outcome < 0 ? outcome
                           : log_fail(ERR_INTERNAL, "unexpected outcome %d of versions", outcome);
    }
}
