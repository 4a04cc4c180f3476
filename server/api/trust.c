/* SPDX-License-Identifier: Apache-2.0 */
#include "api/trust.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "base/cleanup.h"
#include "core/trust/online_keys.h"
#include "core/trust/proposals.h"
#include "db/q_tuf.h"
#include "db/tx.h"
#include "http/body.h"
#include "http/problems.h"
#include "image/serve.h"
#include "model/rules.h"
#include "json/fields.h"

#include <stdlib.h>
#include <string.h>

static const struct problem unknown_role = {"unknown-role", 404, "No such role"};
static const struct problem bad_metadata = {"bad-metadata", 400, "Metadata is not acceptable"};
static const struct problem role_version = {"role-version", 409, "Not the next version"};
static const struct problem proposal_pending = {"proposal-pending", 409, "A proposal is pending"};
static const struct problem no_master_key = {"no-master-key", 503, "The server cannot sign"};

/* ---- places
 * -------------------------------------------------------------------------------------- */

static const char *const repositories[] = {"image", "director"};

/* Whether the path names a repository; the reply is a problem otherwise. */
static bool find_place(const struct call *call, struct q_tuf_place *ret_place, struct reply *reply)
{
    const char *name = request_param(call->request, "repository");

    for (size_t i = 0; i < ARRAY_LEN(repositories); i++) {
        if (strcmp(name, repositories[i]) != 0)
            continue;
        *ret_place = (struct q_tuf_place){call->principal->workspace_id, repositories[i]};
        return true;
    }
    reply_problem(reply, &problems_not_found, "the repositories are 'image' and 'director'");
    return false;
}

static struct proposals_place proposal_place(const struct call *call,
                                             const struct q_tuf_place *place,
                                             const struct audit_actor *actor)
{
    const struct api *api = call->context;

    return (struct proposals_place){
        .workspace_id = place->workspace_id,
        .repository = place->repository,
        .role = request_param(call->request, "role"),
        .actor = actor,
        .now_ms = clock_wall_ms(api->clock),
        .vault = api->vault,
        .lifetimes = &api->lifetimes,
    };
}

static int refuse_closed(struct reply *reply)
{
    reply_problem(reply, &no_master_key,
                  "this server has no master key; its operator configures keys.master_file");
    return 0;
}

/* ---- status
 * -------------------------------------------------------------------------------------- */

static json_t *encode_roles(const struct q_tuf_file *files, size_t count)
{
    json_t *roles = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(roles,
                                    json_pack("{s:s, s:I, s:o}", "role", files[i].role, "version",
                                              (json_int_t)files[i].version, "expires_at",
                                              encode_time(files[i].expires_ms)));
    return roles;
}

static json_t *encode_pending(const struct q_tuf_pending *pending, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:I, s:o, s:s}", "role", pending[i].role,
                                              "version", (json_int_t)pending[i].version,
                                              "created_at", encode_time(pending[i].created_ms),
                                              "created_by", pending[i].created_by));
    return list;
}

static int encode_repository(const struct call *call, const struct q_tuf_place *place, json_t *into)
{
    struct q_tuf_pending *pending;
    struct q_tuf_file *files;
    size_t file_count;
    size_t pending_count;
    int r = q_tuf_list(call->worker, place, call->arena, &files, &file_count);

    if (!r)
        r = q_tuf_pending_list(call->worker, place, call->arena, &pending, &pending_count);
    if (r)
        return r;
    (void)json_object_set_new(into, place->repository,
                              json_pack("{s:o, s:o}", "roles", encode_roles(files, file_count),
                                        "pending", encode_pending(pending, pending_count)));
    return 0;
}

int trust_on_status(const struct call *call, struct reply *reply)
{
    json_auto_t *status = json_object();

    for (size_t i = 0; i < ARRAY_LEN(repositories); i++) {
        struct q_tuf_place place = {call->principal->workspace_id, repositories[i]};
        int r = encode_repository(call, &place, status);

        if (r)
            return r;
    }
    reply_json(reply, 200, json_incref(status));
    return 0;
}

/* ---- online keys
 * --------------------------------------------------------------------------------- */

struct online_request {
    bool rotate;
};

static const struct field online_fields[] = {
    FIELD("rotate", BOOL, struct online_request, rotate),
};
static const struct shape online_shape = SHAPE(struct online_request, online_fields);

struct offer {
    const struct vault *vault;
    struct q_tuf_place place;
    struct audit_actor actor;
    int64_t now_ms;
    bool rotate;
    struct key key;
};

static int offer(struct db *db, void *arg)
{
    struct offer *offer = arg;
    int r = q_tuf_lock(db, offer->place.workspace_id);

    if (r)
        return r;
    if (offer->rotate)
        return online_keys_rotate(db, offer->vault, &offer->place, &offer->actor, offer->now_ms,
                                  &offer->key);
    return online_keys_offer(db, offer->vault, &offer->place, &offer->actor, offer->now_ms,
                             &offer->key);
}

int trust_on_online_key(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct offer work = {
        .vault = api->vault,
        .actor = actor_of(call),
        .now_ms = clock_wall_ms(api->clock),
    };
    struct online_request request = {0};
    json_auto_t *root = NULL;
    int r;

    if (!find_place(call, &work.place, reply))
        return 0;
    r = body_decode_optional(call, &online_shape, &root, &request, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    work.rotate = request.rotate;
    r = tx_run(call->worker, offer, &work);
    if (r)
        return r == ONLINE_KEYS_E_CLOSED ? refuse_closed(reply) : r;
    reply_json(reply, 200,
               json_pack("{s:s, s:o}", "keyid", work.key.id, "key", key_to_json(&work.key)));
    return 0;
}

/* ---- roles
 * --------------------------------------------------------------------------------------- */

static int reply_role_file(const struct call *call, int64_t version, struct reply *reply)
{
    const char *role = request_param(call->request, "role");
    struct q_tuf_place place;
    struct q_tuf_file file;
    int r;

    if (!find_place(call, &place, reply))
        return 0;
    r = q_tuf_get(call->worker, &place, role ? role : "root", version, call->arena, &file);
    if (r == Q_TUF_E_MISSING) {
        reply_problem(reply, &unknown_role, "nothing is in force for '%s'", role ? role : "root");
        return 0;
    }
    if (r)
        return r;
    reply_bytes(reply, 200, "application/json", file.bytes, file.size);
    return 0;
}

int trust_on_role_get(const struct call *call, struct reply *reply)
{
    return reply_role_file(call, 0, reply);
}

int trust_on_root_get(const struct call *call, struct reply *reply)
{
    const char *text = request_param(call->request, "version");
    char *end;
    long long version = strtoll(text, &end, 10);

    if (*end || version < 1) {
        reply_problem(reply, &problems_bad_request, "a version is a positive number");
        return 0;
    }
    return reply_role_file(call, version, reply);
}

/* Publishers bring the roles of models, administrators also root and targets. */
static bool may_submit(const struct call *call, struct reply *reply)
{
    const char *role = request_param(call->request, "role");

    if (rules_model(role) || call->principal->roles & ROLE_ADMIN)
        return true;
    reply_problem(reply, &problems_forbidden, "'%s' is for administrators", role);
    return false;
}

static int refuse_proposal(struct reply *reply, int outcome, const struct proposals_result *result)
{
    static const struct {
        int outcome;
        const struct problem *problem;
    } problems[] = {
        {PROPOSALS_E_ROLE,      &unknown_role                   },
        {PROPOSALS_E_FORMAT,    &bad_metadata                   },
        {PROPOSALS_E_EXPIRED,   &bad_metadata                   },
        {PROPOSALS_E_VERSION,   &role_version                   },
        {PROPOSALS_E_SIGNATURE, &registry_problems_bad_signature},
        {PROPOSALS_E_PENDING,   &proposal_pending               },
        {PROPOSALS_E_CLOSED,    &no_master_key                  },
    };

    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (problems[i].outcome != outcome)
            continue;
        reply_problem(reply, problems[i].problem, "%s", result->reason.text);
        if (outcome == PROPOSALS_E_VERSION)
            reply_problem_member(reply, "expected_version", json_integer(result->expected_version));
        return 0;
    }
    return outcome;
}

int trust_on_role_post(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct proposals_place place;
    struct q_tuf_place where;
    struct proposals_result result;
    const char *body;
    size_t size;
    int r;

    if (!find_place(call, &where, reply) || !may_submit(call, reply))
        return 0;
    place = proposal_place(call, &where, &actor);
    body = request_body(call->request, &size);
    r = proposals_submit(call->worker, &place, body, size, &result);
    if (r)
        return r < 0 ? r : refuse_proposal(reply, r, &result);
    reply_json(reply, result.in_force ? 201 : 202,
               json_pack("{s:s, s:I, s:b, s:I, s:I, s:I, s:I}", "role", place.role, "version",
                         (json_int_t)result.version, "in_force", result.in_force, "signatures",
                         (json_int_t)result.signatures, "threshold", (json_int_t)result.threshold,
                         "old_signatures", (json_int_t)result.old_signatures, "old_threshold",
                         (json_int_t)result.old_threshold));
    return 0;
}

/* ---- pending
 * ------------------------------------------------------------------------------------- */

static int refuse_pending(const struct call *call, struct reply *reply)
{
    reply_problem(reply, &problems_not_found, "nothing is pending for '%s'",
                  request_param(call->request, "role"));
    return 0;
}

int trust_on_pending_get(const struct call *call, struct reply *reply)
{
    struct q_tuf_pending pending;
    struct q_tuf_place place;
    int r;

    if (!find_place(call, &place, reply))
        return 0;
    r = q_tuf_pending_get(call->worker, &place, request_param(call->request, "role"), call->arena,
                          &pending);
    if (r)
        return r == Q_TUF_E_MISSING ? refuse_pending(call, reply) : r;
    reply_bytes(reply, 200, "application/json", pending.envelope, pending.size);
    return 0;
}

int trust_on_pending_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct proposals_place place;
    struct q_tuf_place where;
    int r;

    if (!find_place(call, &where, reply) || !may_submit(call, reply))
        return 0;
    place = proposal_place(call, &where, &actor);
    r = proposals_withdraw(call->worker, &place);
    if (r)
        return r == PROPOSALS_E_MISSING ? refuse_pending(call, reply) : r;
    reply_empty(reply, 204);
    return 0;
}

/* ---- what TUF clients read
 * ----------------------------------------------------------------------- */

int trust_on_metadata(const struct call *call, struct reply *reply)
{
    return serve_metadata(call, reply);
}

int trust_on_manifest(const struct call *call, struct reply *reply)
{
    return serve_manifest(call, reply);
}

int trust_on_artifact(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;

    return serve_artifact(call, api->blob, reply);
}
