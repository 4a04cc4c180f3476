/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/delegation.h"

#include "crypto/digest.h"
#include "crypto/text.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

static const json_t *delegations_of(const struct metadata *targets)
{
    return json_object_get(targets->signed_part, "delegations");
}

size_t delegation_count(const struct metadata *targets)
{
    const json_t *delegations = delegations_of(targets);

    if (json_object_get(delegations, "succinct_roles"))
        return 1;
    return json_array_size(json_object_get(delegations, "roles"));
}

/* Slashes must agree: '*' and '?' never cross one. A leading period is nothing special. */
static bool matches_pattern(const json_t *paths, const char *path)
{
    size_t i;
    json_t *pattern;

    json_array_foreach ((json_t *)paths, i, pattern) {
        if (fnmatch(json_string_value(pattern), path, FNM_PATHNAME | FNM_NOESCAPE) == 0)
            return true;
    }
    return false;
}

static bool matches_prefix(const json_t *prefixes, const char *path)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    size_t i;
    json_t *prefix;

    digest_sha256(path, strlen(path), digest);
    text_hex(digest, sizeof(digest), hex);
    json_array_foreach ((json_t *)prefixes, i, prefix) {
        const char *text = json_string_value(prefix);

        if (strncasecmp(hex, text, strlen(text)) == 0)
            return true;
    }
    return false;
}

static struct tuf_role role_in(const struct metadata *targets, const json_t *holder)
{
    return (struct tuf_role){
        .keys = json_object_get(delegations_of(targets), "keys"),
        .set = targets->keys,
        .keyids = json_object_get(holder, "keyids"),
        .threshold = json_integer_value(json_object_get(holder, "threshold")),
    };
}

static struct delegation read_delegation(const struct metadata *targets, const json_t *holder)
{
    return (struct delegation){
        .name = json_string_value(json_object_get(holder, "name")),
        .role = role_in(targets, holder),
        .terminating = json_is_true(json_object_get(holder, "terminating")),
    };
}

/*
 * TAP 15: the first bit_length bits of the path's SHA-256 number the bin; the number is written in
 * hexadecimal with as many digits as the last bin needs.
 */
static const char *bin_name(const json_t *succinct, const char *path, struct arena *arena)
{
    unsigned bits = (unsigned)json_integer_value(json_object_get(succinct, "bit_length"));
    const char *prefix = json_string_value(json_object_get(succinct, "name_prefix"));
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint32_t bin;
    int digits = (int)((bits + 3) / 4);

    digest_sha256(path, strlen(path), digest);
    bin = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
          digest[3];
    return arena_printf(arena, "%s-%0*x", prefix, digits, bin >> (32 - bits));
}

bool delegation_covers(const struct metadata *targets, size_t index, const char *path,
                       struct arena *arena, struct delegation *ret_delegation)
{
    const json_t *delegations = delegations_of(targets);
    const json_t *succinct = json_object_get(delegations, "succinct_roles");
    const json_t *holder = json_array_get(json_object_get(delegations, "roles"), index);
    const json_t *paths = json_object_get(holder, "paths");

    if (succinct) {
        *ret_delegation = (struct delegation){
            .name = bin_name(succinct, path, arena),
            .role = role_in(targets, succinct),
            .terminating = true,
        };
        return true;
    }
    if (paths ? !matches_pattern(paths, path)
              : !matches_prefix(json_object_get(holder, "path_hash_prefixes"), path))
        return false;
    *ret_delegation = read_delegation(targets, holder);
    return true;
}

bool delegation_named(const struct metadata *targets, const char *name,
                      struct delegation *ret_delegation)
{
    const json_t *delegations = delegations_of(targets);
    size_t i;
    json_t *holder;

    json_array_foreach (json_object_get(delegations, "roles"), i, holder) {
        if (strcmp(json_string_value(json_object_get(holder, "name")), name) != 0)
            continue;
        *ret_delegation = read_delegation(targets, holder);
        return true;
    }
    return false;
}
