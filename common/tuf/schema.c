/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/schema.h"

#include "base/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {"root", "timestamp", "snapshot", "targets"};

static int refuse(struct reason *reason, int outcome, const char *format, ...) PRINTF_LIKE(3, 4);

static int refuse(struct reason *reason, int outcome, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return outcome;
}

/* A function that checks one value; `what` names it for the reason. */
typedef int shape_fn(const json_t *value, const char *what, struct reason *reason);

static int check_each(const json_t *object, const char *what, shape_fn *check,
                      struct reason *reason)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return refuse(reason, SCHEMA_E_FORMAT, "%s: an object is expected", what);
    json_object_foreach ((json_t *)object, key, value) {
        int r = check(value, what, reason);

        if (r)
            return r;
    }
    return 0;
}

static int check_hashes(const json_t *hashes, const char *what, struct reason *reason)
{
    const char *algorithm;
    json_t *value;

    if (!json_is_object(hashes) || json_object_size(hashes) == 0)
        return refuse(reason, SCHEMA_E_FORMAT, "%s: hashes: a non-empty object is expected", what);
    json_object_foreach ((json_t *)hashes, algorithm, value) {
        if (!json_is_string(value))
            return refuse(reason, SCHEMA_E_FORMAT, "%s: hashes: strings are expected", what);
    }
    return 0;
}

static int check_file(const json_t *file, const char *what, struct reason *reason)
{
    const json_t *version = json_object_get(file, "version");
    const json_t *length = json_object_get(file, "length");
    const json_t *hashes = json_object_get(file, "hashes");

    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return refuse(reason, SCHEMA_E_FORMAT, "%s: version: a positive integer is expected", what);
    if (length && (!json_is_integer(length) || json_integer_value(length) < 0))
        return refuse(reason, SCHEMA_E_FORMAT, "%s: length: an integer is expected", what);
    return hashes ? check_hashes(hashes, what, reason) : 0;
}

static int check_target(const json_t *target, const char *what, struct reason *reason)
{
    const json_t *length = json_object_get(target, "length");

    if (!json_is_integer(length) || json_integer_value(length) < 0)
        return refuse(reason, SCHEMA_E_FORMAT, "%s: length: an integer is expected", what);
    return check_hashes(json_object_get(target, "hashes"), what, reason);
}

static int check_key(const json_t *key, const char *what, struct reason *reason)
{
    if (!json_is_string(json_object_get(key, "keytype")) ||
        !json_is_string(json_object_get(key, "scheme")) ||
        !json_is_string(json_object_get(json_object_get(key, "keyval"), "public")))
        return refuse(reason, SCHEMA_E_FORMAT, "%s: keytype, scheme and keyval.public are expected",
                      what);
    return 0;
}

static int check_strings(const json_t *array, const char *what, struct reason *reason)
{
    size_t i;
    json_t *value;

    if (!json_is_array(array))
        return refuse(reason, SCHEMA_E_FORMAT, "%s: an array is expected", what);
    json_array_foreach ((json_t *)array, i, value) {
        if (!json_is_string(value))
            return refuse(reason, SCHEMA_E_FORMAT, "%s: strings are expected", what);
    }
    return 0;
}

/* {"keyids": [...], "threshold": n}, no keyid twice. */
static int check_role(const json_t *role, const char *what, struct reason *reason)
{
    const json_t *keyids = json_object_get(role, "keyids");
    const json_t *threshold = json_object_get(role, "threshold");
    int r = check_strings(keyids, what, reason);

    if (r)
        return r;
    for (size_t i = 0; i < json_array_size(keyids); i++)
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(keyids, i), json_array_get(keyids, j)))
                return refuse(reason, SCHEMA_E_FORMAT, "%s: a keyid stands twice", what);
    if (!json_is_integer(threshold) || json_integer_value(threshold) < 1)
        return refuse(reason, SCHEMA_E_FORMAT, "%s: threshold: a positive integer is expected",
                      what);
    return 0;
}

static int check_root(const json_t *signed_part, struct reason *reason)
{
    const json_t *roles = json_object_get(signed_part, "roles");
    const json_t *consistent = json_object_get(signed_part, "consistent_snapshot");
    int r = check_each(json_object_get(signed_part, "keys"), "keys", check_key, reason);

    if (r)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        r = check_role(json_object_get(roles, type_names[i]), type_names[i], reason);
        if (r)
            return r;
    }
    if (consistent && !json_is_boolean(consistent))
        return refuse(reason, SCHEMA_E_FORMAT, "consistent_snapshot: a boolean is expected");
    return 0;
}

static int check_listing(const json_t *signed_part, const char *needed, struct reason *reason)
{
    const json_t *meta = json_object_get(signed_part, "meta");

    if (!json_object_get(meta, needed))
        return refuse(reason, SCHEMA_E_FORMAT, "meta: '%s' is missing", needed);
    return check_each(meta, "meta", check_file, reason);
}

static int check_timestamp(const json_t *signed_part, struct reason *reason)
{
    return check_listing(signed_part, "snapshot.json", reason);
}

static int check_snapshot(const json_t *signed_part, struct reason *reason)
{
    return check_listing(signed_part, "targets.json", reason);
}

/* One of paths and path_hash_prefixes, not both (TUF 1.0.33, 4.5). */
static int check_delegated_role(const json_t *role, struct reason *reason)
{
    const char *name = json_string_value(json_object_get(role, "name"));
    const json_t *paths = json_object_get(role, "paths");
    const json_t *prefixes = json_object_get(role, "path_hash_prefixes");

    if (!name || !*name)
        return refuse(reason, SCHEMA_E_FORMAT, "delegations: name: a string is expected");
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
        if (strcmp(name, type_names[i]) == 0)
            return refuse(reason, SCHEMA_E_FORMAT, "delegations: '%s' is a top-level role", name);
    if (!json_is_boolean(json_object_get(role, "terminating")))
        return refuse(reason, SCHEMA_E_FORMAT, "delegations: terminating: a boolean is expected");
    if ((paths != NULL) == (prefixes != NULL))
        return refuse(reason, SCHEMA_E_FORMAT,
                      "delegations: one of paths and path_hash_prefixes is expected");
    if (check_strings(paths ? paths : prefixes, "delegations: paths", reason))
        return SCHEMA_E_FORMAT;
    return check_role(role, "delegations", reason);
}

static int check_succinct(const json_t *succinct, struct reason *reason)
{
    const json_t *bits = json_object_get(succinct, "bit_length");
    const char *prefix = json_string_value(json_object_get(succinct, "name_prefix"));

    if (!json_is_integer(bits) || json_integer_value(bits) < 1 || json_integer_value(bits) > 32)
        return refuse(reason, SCHEMA_E_FORMAT, "succinct_roles: bit_length: 1 to 32 is expected");
    if (!prefix)
        return refuse(reason, SCHEMA_E_FORMAT, "succinct_roles: name_prefix: a string is expected");
    return check_role(succinct, "succinct_roles", reason);
}

static int check_delegations(const json_t *delegations, struct reason *reason)
{
    const json_t *roles = json_object_get(delegations, "roles");
    const json_t *succinct = json_object_get(delegations, "succinct_roles");
    int r =
        check_each(json_object_get(delegations, "keys"), "delegations: keys", check_key, reason);
    size_t i;
    json_t *role;

    if (r)
        return r;
    if ((roles != NULL) == (succinct != NULL))
        return refuse(reason, SCHEMA_E_FORMAT,
                      "delegations: one of roles and succinct_roles is expected");
    if (succinct)
        return check_succinct(succinct, reason);
    if (!json_is_array(roles))
        return refuse(reason, SCHEMA_E_FORMAT, "delegations: roles: an array is expected");
    json_array_foreach ((json_t *)roles, i, role) {
        r = check_delegated_role(role, reason);
        if (r)
            return r;
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_object_get(role, "name"),
                           json_object_get(json_array_get(roles, j), "name")))
                return refuse(reason, SCHEMA_E_FORMAT, "delegations: a role stands twice");
    }
    return 0;
}

static int check_targets(const json_t *signed_part, struct reason *reason)
{
    const json_t *delegations = json_object_get(signed_part, "delegations");
    int r = check_each(json_object_get(signed_part, "targets"), "targets", check_target, reason);

    if (r || !delegations)
        return r;
    return check_delegations(delegations, reason);
}

/* The specification's major version must be ours (TUF 1.0.33, 4.2: SPEC_VERSION). */
static bool spec_version_fits(const json_t *signed_part)
{
    const char *version = json_string_value(json_object_get(signed_part, "spec_version"));

    return version && strncmp(version, "1.", 2) == 0;
}

int schema_check(const json_t *signed_part, const char *type, struct reason *reason)
{
    static int (*const checks[])(const json_t *, struct reason *) = {check_root, check_timestamp,
                                                                     check_snapshot, check_targets};
    const char *found = json_string_value(json_object_get(signed_part, "_type"));

    if (!found || strcmp(found, type) != 0)
        return refuse(reason, SCHEMA_E_FORMAT, "_type: '%s' is expected", type);
    if (!spec_version_fits(signed_part))
        return refuse(reason, SCHEMA_E_FORMAT, "spec_version: 1.x is expected");
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
        if (strcmp(type, type_names[i]) == 0)
            return checks[i](signed_part, reason);
    return refuse(reason, SCHEMA_E_FORMAT, "_type: '%s' is unknown", type);
}
