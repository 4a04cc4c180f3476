/* SPDX-License-Identifier: Apache-2.0 */
#include "api/versions.h"

#include "api/actor.h"
#include "api/registry_reply.h"
#include "api/version_reply.h"
#include "core/registry/variants.h"
#include "core/registry/versions.h"
#include "http/page.h"
#include "http/problems.h"

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

int versions_on_list(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *state = request_query(call->request, "state");
    struct q_version_page found;
    struct page page;
    int r;

    if (state && strcmp(state, "draft") != 0 && strcmp(state, "published") != 0 &&
        strcmp(state, "archived") != 0) {
        reply_problem(reply, &problems_invalid_field,
                      "state: draft, published or archived expected");
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

int versions_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    int r;

    r = versions_delete_draft(call->worker, &place, name);
    if (r)
        return version_reply_refuse(call, name, r, NULL, reply);
    reply_empty(reply, 204);
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
