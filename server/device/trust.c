/* SPDX-License-Identifier: Apache-2.0 */
#include "device/trust.h"

#include "core/trust/director.h"
#include "core/trust/image.h"
#include "db/q_tuf.h"
#include "device/gateway.h"
#include "http/problems.h"
#include "image/serve.h"
#include "tuf/rolename.h"
#include "tuf/targetpath.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct problem no_root = {"no-root", 409, "The workspace has no TUF root"};
static const struct problem cannot_sign = {"no-master-key", 503, "The server cannot sign"};

/* ---- the director's files
 * -------------------------------------------------------------------------- */

enum {
    REFUSED = 1, /* the reply holds the problem */
};

static int load_files(const struct call *call, struct q_director_files *ret_files,
                      struct reply *reply)
{
    const struct gateway *gateway = call->context;
    int r = director_files(call->worker, &gateway->director, call->principal->id,
                           clock_wall_ms(gateway->clock), call->arena, ret_files);

    switch (r) {
    case DIRECTOR_E_MISSING:
        reply_problem(reply, &problems_unauthenticated, "the device is revoked");
        return REFUSED;
    case DIRECTOR_E_NONE:
        reply_problem(reply, &no_root,
                      "the workspace has no director root yet; an administrator runs "
                      "'modelferry root init'");
        return REFUSED;
    case DIRECTOR_E_CLOSED:
    case DIRECTOR_E_KEY:
        reply_problem(reply, &cannot_sign,
                      "the server cannot open the director's key; its operator looks at its log");
        return REFUSED;
    default:
        return r;
    }
}

/* One of the three by its name; NULL where the name is another, or of another version. */
static const char *pick(const struct q_director_files *files, const char *role, int64_t version,
                        size_t *ret_size)
{
    if (strcmp(role, "timestamp") == 0 && version == 0) {
        *ret_size = files->timestamp_size;
        return files->timestamp;
    }
    if (version != files->version)
        return NULL;
    if (strcmp(role, "snapshot") == 0) {
        *ret_size = files->snapshot_size;
        return files->snapshot;
    }
    if (strcmp(role, "targets") == 0) {
        *ret_size = files->targets_size;
        return files->targets;
    }
    return NULL;
}

/* Roots are the workspace's, from the same table as the image repository's. */
static int find_root(const struct call *call, int64_t version, const char **ret_bytes,
                     size_t *ret_size)
{
    struct q_tuf_place place = {call->principal->workspace_id, DIRECTOR_REPOSITORY};
    struct q_tuf_file file;
    int r = q_tuf_get(call->worker, &place, "root", version, call->arena, &file);

    *ret_bytes = NULL;
    if (r == Q_TUF_E_MISSING)
        return 0;
    if (r)
        return r;
    *ret_bytes = (const char *)file.bytes;
    *ret_size = file.size;
    return 0;
}

int trust_director(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "file");
    struct q_director_files files;
    const char *bytes = NULL;
    const char *role;
    int64_t version;
    size_t size = 0;
    int r = 0;

    if (!rolename_parse_file(call->arena, name, &version, &role))
        role = "";
    if (strcmp(role, "root") == 0 && version > 0) {
        r = find_root(call, version, &bytes, &size);
    } else if (*role) {
        r = load_files(call, &files, reply);
        if (!r)
            bytes = pick(&files, role, version, &size);
    }
    if (r)
        return r == REFUSED ? 0 : r;
    if (!bytes) {
        reply_problem(reply, &problems_not_found, "no metadata file '%s'", name);
        return 0;
    }
    reply_header(reply, "Cache-Control", "no-store");
    reply_bytes(reply, 200, "application/json", bytes, size);
    return 0;
}

/* ---- all at once
 * ----------------------------------------------------------------------------------- */

static int64_t known_version(const struct call *call, const char *name)
{
    const char *text = request_query(call->request, name);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void add_text(json_t *files, const char *name, const char *text, size_t size)
{
    (void)json_object_set_new(files, name, text ? json_stringn(text, size) : json_null());
}

/* The roots behind `known`, and that there is no more. */
static int add_roots(const struct call *call, const struct q_tuf_place *place, int64_t known,
                     json_t *files)
{
    for (int64_t version = known + 1;; version++) {
        const char *name = arena_printf(call->arena, "%lld.root.json", (long long)version);
        struct q_tuf_file file;
        int r = q_tuf_get(call->worker, place, "root", version, call->arena, &file);

        if (r == Q_TUF_E_MISSING) {
            add_text(files, name, NULL, 0);
            return 0;
        }
        if (r)
            return r;
        add_text(files, name, (const char *)file.bytes, file.size);
    }
}

/* A role's file in force, unless the device has that version. */
static int add_role(const struct call *call, const struct q_tuf_place *place, const char *role,
                    int64_t known, json_t *files)
{
    struct q_tuf_file file;
    const char *name;
    int r = q_tuf_get(call->worker, place, role, 0, call->arena, &file);

    if (r)
        return r == Q_TUF_E_MISSING ? 0 : r;
    if (file.version == known)
        return 0;
    name = strcmp(role, "timestamp") == 0
               ? "timestamp.json"
               : arena_printf(call->arena, "%lld.%s.json", (long long)file.version, role);
    add_text(files, name, (const char *)file.bytes, file.size);
    return 0;
}

/* The roles of the models that the device shall run, each once. */
static int add_model_roles(const struct call *call, const struct q_tuf_place *place,
                           const struct q_director_files *director, json_t *files)
{
    json_auto_t *document = json_loadb(director->targets, director->targets_size, 0, NULL);
    json_t *targets = json_object_get(json_object_get(document, "signed"), "targets");
    const char *path;
    json_t *target;

    json_object_foreach (targets, path, target) {
        const char *model =
            json_string_value(json_object_get(json_object_get(target, "custom"), "model"));
        int r = add_role(call, place, targetpath_role(call->arena, model), 0, files);

        if (r)
            return r;
    }
    return 0;
}

static int add_image(const struct call *call, const struct q_director_files *director,
                     json_t *files)
{
    struct q_tuf_place place = {call->principal->workspace_id, IMAGE_REPOSITORY};
    int r = add_roots(call, &place, known_version(call, "image"), files);

    if (!r)
        r = add_role(call, &place, "timestamp", 0, files);
    if (!r)
        r = add_role(call, &place, "snapshot", known_version(call, "snapshot"), files);
    if (!r)
        r = add_role(call, &place, "targets", known_version(call, "targets"), files);
    return r ? r : add_model_roles(call, &place, director, files);
}

static int add_director(const struct call *call, const struct q_director_files *director,
                        json_t *files)
{
    struct q_tuf_place place = {call->principal->workspace_id, DIRECTOR_REPOSITORY};
    int r = add_roots(call, &place, known_version(call, "director"), files);

    if (r)
        return r;
    add_text(files, "timestamp.json", director->timestamp, director->timestamp_size);
    add_text(files, arena_printf(call->arena, "%lld.snapshot.json", (long long)director->version),
             director->snapshot, director->snapshot_size);
    add_text(files, arena_printf(call->arena, "%lld.targets.json", (long long)director->version),
             director->targets, director->targets_size);
    return 0;
}

int trust_bundle(const struct call *call, struct reply *reply)
{
    json_auto_t *director = json_object();
    json_auto_t *image = json_object();
    struct q_director_files files;
    int r = load_files(call, &files, reply);

    if (!r)
        r = add_director(call, &files, director);
    if (!r)
        r = add_image(call, &files, image);
    if (r)
        return r == REFUSED ? 0 : r;
    reply_header(reply, "Cache-Control", "no-store");
    reply_json(reply, 200, json_pack("{s:O, s:O}", "director", director, "image", image));
    return 0;
}

/* ---- the image repository
 * -------------------------------------------------------------------------- */

int trust_metadata(const struct call *call, struct reply *reply)
{
    return serve_metadata(call, reply);
}

int trust_manifest(const struct call *call, struct reply *reply)
{
    return serve_manifest(call, reply);
}

int trust_artifact(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;

    return serve_artifact(call, gateway->blob, reply);
}
