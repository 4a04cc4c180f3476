/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/builder.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int no_memory(void)
{
    return log_fail(ERR_NO_MEMORY, "cannot build metadata: out of memory");
}

/* TUF 1.0.33, 4.2.1: no fraction. */
static json_t *expires(int64_t expires_ms)
{
    time_t seconds = (time_t)(expires_ms / 1000);
    char text[sizeof("2026-01-02T03:04:05Z") + 8];
    struct tm utc;

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

static json_t *empty_role(void)
{
    return json_pack("{s:[], s:i}", "keyids", "threshold", 1);
}

static json_t *root_members(void)
{
    return json_pack("{s:b, s:{}, s:{s:o, s:o, s:o, s:o}}", "consistent_snapshot", 1, "keys",
                     "roles", "root", empty_role(), "timestamp", empty_role(), "snapshot",
                     empty_role(), "targets", empty_role());
}

json_t *builder_new(const char *type, int64_t version, int64_t expires_ms)
{
    json_auto_t *part =
        json_pack("{s:s, s:s, s:I, s:o}", "_type", type, "spec_version", BUILDER_SPEC_VERSION,
                  "version", (json_int_t)version, "expires", expires(expires_ms));
    json_auto_t *members = strcmp(type, "root") == 0      ? root_members()
                           : strcmp(type, "targets") == 0 ? json_pack("{s:{}}", "targets")
                                                          : json_pack("{s:{}}", "meta");

    if (!part || !members || json_object_update(part, members))
        return NULL;
    return json_incref(part);
}

json_t *builder_next(const json_t *signed_part, int64_t expires_ms)
{
    json_auto_t *part = json_deep_copy(signed_part);
    json_int_t version = json_integer_value(json_object_get(signed_part, "version"));

    if (!part || json_object_set_new(part, "version", json_integer(version + 1)) ||
        json_object_set_new(part, "expires", expires(expires_ms)))
        return NULL;
    return json_incref(part);
}

/* ---- keys and who may use them -----------------------------------------------------------------
 */

/* {"keyids": [...], "threshold": n}; the keys themselves go to `keys`. */
static json_t *role_with_keys(json_t *keys, const struct key *added, size_t count,
                              int64_t threshold)
{
    json_auto_t *role = json_pack("{s:[], s:I}", "keyids", "threshold", (json_int_t)threshold);

    for (size_t i = 0; role && i < count; i++) {
        if (json_array_append_new(json_object_get(role, "keyids"), json_string(added[i].id)) ||
            json_object_set_new(keys, added[i].id, key_to_json(&added[i])))
            return NULL;
    }
    return json_incref(role);
}

static bool role_uses(const json_t *role, const char *keyid)
{
    size_t i;
    json_t *value;

    json_array_foreach (json_object_get(role, "keyids"), i, value) {
        if (strcmp(json_string_value(value), keyid) == 0)
            return true;
    }
    return false;
}

/* roles: an object (root) or an array (delegations) of roles. */
static bool any_role_uses(json_t *roles, const char *keyid)
{
    const char *name;
    size_t i;
    json_t *role;

    json_object_foreach (roles, name, role) {
        if (role_uses(role, keyid))
            return true;
    }
    json_array_foreach (roles, i, role) {
        if (role_uses(role, keyid))
            return true;
    }
    return false;
}

static void drop_unused_keys(json_t *keys, json_t *roles)
{
    const char *keyid;
    json_t *key;
    void *next;

    json_object_foreach_safe(keys, next, keyid, key)
    {
        if (!any_role_uses(roles, keyid))
            (void)json_object_del(keys, keyid);
    }
}

int builder_root_role(json_t *root, const char *role, const struct key *keys, size_t count,
                      int64_t threshold)
{
    json_t *all = json_object_get(root, "keys");
    json_t *roles = json_object_get(root, "roles");
    json_auto_t *entry = role_with_keys(all, keys, count, threshold);

    if (!entry || json_object_set(roles, role, entry))
        return no_memory();
    drop_unused_keys(all, roles);
    return 0;
}

/* ---- delegations
 * --------------------------------------------------------------------------------- */

/* The member, made where it is missing. */
static json_t *member(json_t *object, const char *name, json_t *fallback)
{
    json_t *value = json_object_get(object, name);

    if (value) {
        json_decref(fallback);
        return value;
    }
    return json_object_set_new(object, name, fallback) ? NULL : json_object_get(object, name);
}

static size_t find_role(const json_t *roles, const char *name)
{
    size_t i;
    json_t *role;

    json_array_foreach ((json_t *)roles, i, role) {
        if (strcmp(json_string_value(json_object_get(role, "name")), name) == 0)
            return i;
    }
    return json_array_size(roles);
}

static json_t *delegated_role(json_t *keys, const struct builder_delegation *delegation)
{
    json_auto_t *role =
        role_with_keys(keys, delegation->keys, delegation->key_count, delegation->threshold);
    json_auto_t *paths = json_array();

    if (!role || !paths)
        return NULL;
    for (size_t i = 0; i < delegation->path_count; i++)
        if (json_array_append_new(paths, json_string(delegation->paths[i])))
            return NULL;
    if (json_object_set_new(role, "name", json_string(delegation->name)) ||
        json_object_set_new(role, "terminating", json_boolean(delegation->terminating)) ||
        json_object_set(role, "paths", paths))
        return NULL;
    return json_incref(role);
}

int builder_delegate(json_t *targets, const struct builder_delegation *delegation)
{
    json_t *delegations = member(targets, "delegations", json_object());
    json_t *keys = member(delegations, "keys", json_object());
    json_t *roles = member(delegations, "roles", json_array());
    json_auto_t *role = keys ? delegated_role(keys, delegation) : NULL;
    size_t index;
    int failed;

    if (!role || !roles)
        return no_memory();
    index = find_role(roles, delegation->name);
    failed = index < json_array_size(roles) ? json_array_set(roles, index, role)
                                            : json_array_append(roles, role);
    if (failed)
        return no_memory();
    drop_unused_keys(keys, roles);
    return 0;
}

int builder_undelegate(json_t *targets, const char *name)
{
    json_t *delegations = json_object_get(targets, "delegations");
    json_t *roles = json_object_get(delegations, "roles");
    size_t index = find_role(roles, name);

    if (index < json_array_size(roles))
        (void)json_array_remove(roles, index);
    drop_unused_keys(json_object_get(delegations, "keys"), roles);
    return 0;
}

/* ---- what is listed ----------------------------------------------------------------------------
 */

int builder_target(json_t *targets, const char *path, int64_t length,
                   const uint8_t sha256[static DIGEST_SHA256_SIZE], json_t *custom)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    json_t *target;

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    target = json_pack("{s:I, s:{s:s}, s:o*}", "length", (json_int_t)length, "hashes", "sha256",
                       hex, "custom", custom);
    if (json_object_set_new(json_object_get(targets, "targets"), path, target))
        return no_memory();
    return 0;
}

int builder_listed(json_t *listing, const char *name, int64_t version, int64_t length,
                   const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    json_t *file;

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    file = json_pack("{s:I, s:I, s:{s:s}}", "version", (json_int_t)version, "length",
                     (json_int_t)length, "hashes", "sha256", hex);
    if (json_object_set_new(json_object_get(listing, "meta"), name, file))
        return no_memory();
    return 0;
}

int builder_meta(json_t *listing, const char *name, int64_t version, const void *bytes, size_t size)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(bytes, size, digest);
    return builder_listed(listing, name, version, (int64_t)size, digest);
}
