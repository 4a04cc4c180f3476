/* SPDX-License-Identifier: Apache-2.0 */
#include "api/versions.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/registry_problems.h"
#include "api/registry_reply.h"
#include "api/version_reply.h"
#include "core/registry/archive.h"
#include "core/registry/deletions.h"
#include "core/registry/variants.h"
#include "core/registry/versions.h"
#include "http/page.h"
#include "http/problems.h"
#include "query/query_field.h"

#include <string.h>

int versions_on_post(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    struct versions_failure failure = {0};
    struct q_version version;
    bool created;
    size_t size;
    const char *body = request_body(call->request, &size);
    int r;

    r = versions_submit(call->worker, &place, body, size, call->arena, &version, &created,
                        &failure);
    if (r)
        return version_reply_refuse(call, NULL, r, &failure, reply);
    reply_headerf(reply, "Location", "/api/v1/models/%s/versions/%s", place.model, version.version);
    reply_json(reply, created ? 201 : 200, version_reply_encode_whole(place.model, &version));
    return 0;
}

static bool is_state(const char *text)
{
    const char *const *states = query_field_states(QUERY_VERSIONS);

    while (*states && strcmp(*states, text) != 0)
        states++;
    return *states;
}

int versions_on_list(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *state = request_query(call->request, "state");
    struct q_version_page found;
    struct page page;
    int r;

    if (state && !is_state(state)) {
        reply_problem(reply, &problems_invalid_field,
                      "state: draft, published, archived or deleted expected");
        return 0;
    }
    r = page_parse_id(call, &page, reply);
    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = versions_list(call->worker, &place, state, page.after_id, page.limit, call->arena, &found);
    if (r)
        return version_reply_refuse(call, NULL, r, NULL, reply);
    json_t *items = json_array();
    for (size_t i = 0; i < found.count; i++)
        (void)json_array_append_new(items, version_reply_encode(place.model, &found.versions[i]));
    page_reply_id(reply, items, found.more,
                  found.count > 0 ? found.versions[found.count - 1].id : 0);
    return 0;
}

int versions_on_get(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    struct q_version version;
    int r;

    r = versions_find(call->worker, &place, name, call->arena, &version);
    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    registry_reply_etag(reply, version.revision);
    reply_json(reply, 200, version_reply_encode_whole(place.model, &version));
    return 0;
}

static int delete_draft(const struct call *call, const struct audit_actor *actor,
                        struct reply *reply)
{
    struct versions_place place = version_reply_place(call, actor);
    const char *name = request_param(call->request, "version");
    int r = versions_delete_draft(call->worker, &place, name);

    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    reply_empty(reply, 204);
    return 0;
}

/* What was published; drafts are left to who asks. Returns 0, REGISTRY_E_DRAFT, or negative. */
static int delete_archived(const struct call *call, const struct audit_actor *actor,
                           const char *reason, struct reply *reply)
{
    struct api *api = call->context;
    struct registry_place place = registry_reply_place(call, actor);
    struct registry_refusal refusal = {{0}};
    bool deleted;
    int r = deletions_delete(call->worker, &place, request_param(call->request, "version"), reason,
                             call->arena, &deleted, &refusal);

    if (r == REGISTRY_E_DRAFT)
        return r;
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    if (deleted)
        atomic_fetch_add(&api->versions_deleted, 1);
    reply_empty(reply, 204);
    return 0;
}

int versions_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    const char *state = request_query(call->request, "state");
    const char *reason = request_query(call->request, "reason");
    int r = REGISTRY_E_DRAFT;

    if (state && strcmp(state, "draft") != 0) {
        reply_problem(reply, &problems_invalid_field,
                      "state: draft expected, or nothing: whatever it is");
        return 0;
    }
    if (reason && strlen(reason) > ARCHIVE_REASON_MAX) {
        reply_problem(reply, &problems_invalid_field, "reason: at most %d bytes",
                      ARCHIVE_REASON_MAX);
        return 0;
    }
    if (!state)
        r = delete_archived(call, &actor, reason ? reason : "", reply);
    return r == REGISTRY_E_DRAFT ? delete_draft(call, &actor, reply) : r;
}

int versions_on_change(const struct call *call, struct reply *reply)
{
    struct versions_place place = version_reply_place(call, NULL);
    const char *name = request_param(call->request, "version");
    struct q_version_manifest manifest;
    int r;

    r = versions_manifest(call->worker, &place, name, call->arena, &manifest);
    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    if (!manifest.published) {
        reply_problem(reply, &registry_problems_version_exists,
                      "version %s of model '%s' is a draft, which is not changed but replaced: "
                      "DELETE it and submit another one",
                      name, place.model);
        return 0;
    }
    reply_problem(reply, &registry_problems_immutable,
                  "version %s of model '%s' is published and never changes, nor does its manifest; "
                  "PATCH changes what lies beside it, and what is new is published under a new "
                  "version",
                  name, place.model);
    registry_problems_may_change(reply);
    return 0;
}

int versions_on_add_variant(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    struct versions_failure failure = {0};
    struct q_version version;
    bool created;
    size_t size;
    const char *body = request_body(call->request, &size);
    int r;

    r = variants_add(call->worker, &place, name, body, size, call->arena, &version, &created,
                     &failure);
    if (r)
        return version_reply_refuse(call, name, r, &failure, reply);
    reply_json(reply, created ? 201 : 200, version_reply_encode_whole(place.model, &version));
    return 0;
}

/* Of one variant: of an added one it is a document of its own. */
static int reply_variant(const struct call *call, const struct versions_place *place,
                         const char *version, const char *variant, struct reply *reply)
{
    const void *bytes;
    size_t size;
    int r;

    r = variants_manifest(call->worker, place, version, variant, call->arena, &bytes, &size);
    if (r)
        return version_reply_refuse(call, version, r, NULL, reply);
    reply_bytes(reply, 200, "application/json", bytes, size);
    return 0;
}

int versions_on_manifest(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    const char *variant = request_query(call->request, "variant");
    struct q_version_manifest manifest;
    int r;

    if (variant)
        return reply_variant(call, &place, name, variant, reply);
    r = versions_manifest(call->worker, &place, name, call->arena, &manifest);
    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    reply_bytes(reply, 200, "application/json", manifest.bytes, manifest.size);
    return 0;
}
