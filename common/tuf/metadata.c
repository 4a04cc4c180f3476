/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/metadata.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/text.h"
#include "tuf/canon.h"
#include "tuf/keyset.h"
#include "tuf/schema.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const type_names[METADATA_TYPES] = {"root", "timestamp", "snapshot", "targets"};

/* The algorithms known here, best liked first. */
static const char *const algorithms[] = {"sha256", "sha512"};
static const size_t digest_sizes[] = {DIGEST_SHA256_SIZE, DIGEST_SHA512_SIZE};

const char *metadata_type_name(enum metadata_type type)
{
    return type_names[type];
}

static int refuse(struct reason *reason, const char *why)
{
    (void)snprintf(reason->text, sizeof(reason->text), "%s", why);
    return METADATA_E_FORMAT;
}

static int read_document(struct metadata *metadata, struct reason *reason)
{
    const json_t *signed_part = json_object_get(metadata->document, "signed");
    const json_t *version = json_object_get(signed_part, "version");
    const char *expires = json_string_value(json_object_get(signed_part, "expires"));

    if (!json_is_array(json_object_get(metadata->document, "signatures")) ||
        !json_is_object(signed_part))
        return refuse(reason, "signatures and signed are expected");
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return refuse(reason, "version: a positive integer is expected");
    if (!expires || !clock_parse_rfc3339(expires, &metadata->expires_ms))
        return refuse(reason, "expires: an RFC 3339 time is expected");
    metadata->signed_part = signed_part;
    metadata->version = json_integer_value(version);
    return schema_check(signed_part, type_names[metadata->type], reason) ? METADATA_E_FORMAT : 0;
}

/* Of the roles of a root, or of those that targets delegate to. */
static int read_keys(struct metadata *metadata)
{
    const json_t *holder = metadata->type == METADATA_ROOT
                               ? metadata->signed_part
                               : json_object_get(metadata->signed_part, "delegations");
    const json_t *keys = json_object_get(holder, "keys");

    return keys ? keyset_new(keys, &metadata->keys) : 0;
}

int metadata_parse(enum metadata_type type, const char *bytes, size_t size,
                   struct metadata *ret_metadata, struct reason *reason)
{
    CLEANUP(metadata_release) struct metadata metadata = {.type = type};
    struct fields_error error = {0};
    int r;

    r = canon_parse(bytes, size, SIZE_MAX, &metadata.document, &error);
    if (r)
        return r < 0 ? r : refuse(reason, error.text);
    r = read_document(&metadata, reason);
    if (!r)
        r = read_keys(&metadata);
    if (r)
        return r;
    *ret_metadata = metadata_take(&metadata);
    return 0;
}

struct metadata metadata_take(struct metadata *metadata)
{
    struct metadata taken = *metadata;

    *metadata = (struct metadata){.type = metadata->type};
    return taken;
}

void metadata_release(struct metadata *metadata)
{
    if (!metadata)
        return;
    keyset_free(metadata->keys);
    json_decref(metadata->document);
    *metadata = (struct metadata){.type = metadata->type};
}

bool metadata_consistent(const struct metadata *root)
{
    return json_is_true(json_object_get(root->signed_part, "consistent_snapshot"));
}

bool metadata_file(const struct metadata *metadata, const char *name,
                   struct metadata_file *ret_file)
{
    const json_t *file = json_object_get(json_object_get(metadata->signed_part, "meta"), name);
    const json_t *length = json_object_get(file, "length");

    if (!file)
        return false;
    *ret_file = (struct metadata_file){
        .version = json_integer_value(json_object_get(file, "version")),
        .length = length ? json_integer_value(length) : -1,
        .hashes = json_object_get(file, "hashes"),
    };
    return true;
}

bool metadata_file_of_role(const struct metadata *snapshot, const char *role,
                           struct metadata_file *ret_file)
{
    char name[512];
    int length = snprintf(name, sizeof(name), "%s.json", role);

    return length > 0 && (size_t)length < sizeof(name) && metadata_file(snapshot, name, ret_file);
}

void metadata_hasher_init(struct metadata_hasher *hasher)
{
    digest_sha256_init(&hasher->sha256);
    digest_sha512_init(&hasher->sha512);
    hasher->size_bytes = 0;
}

void metadata_hasher_update(struct metadata_hasher *hasher, const void *bytes, size_t size)
{
    digest_sha256_update(&hasher->sha256, bytes, size);
    digest_sha512_update(&hasher->sha512, bytes, size);
    hasher->size_bytes += size;
}

/* All hashes of known algorithms must match; where none is known, nothing does. */
static bool hashes_match(const json_t *hashes, const struct metadata_hasher *hasher)
{
    struct metadata_hasher final = *hasher;
    uint8_t digests[ARRAY_LEN(algorithms)][DIGEST_SHA512_SIZE];
    size_t known = 0;

    digest_sha256_final(&final.sha256, digests[0]);
    digest_sha512_final(&final.sha512, digests[1]);
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        const char *wanted = json_string_value(json_object_get(hashes, algorithms[i]));
        char hex[2 * DIGEST_SHA512_SIZE + 1];

        if (!wanted)
            continue;
        text_hex(digests[i], digest_sizes[i], hex);
        if (strcasecmp(hex, wanted) != 0)
            return false;
        known++;
    }
    return known > 0;
}

static void explain_hashes(const json_t *hashes, const struct metadata_hasher *hasher,
                           struct reason *reason)
{
    const char *wanted = json_string_value(json_object_get(hashes, "sha256"));
    struct metadata_hasher final = *hasher;
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    digest_sha256_final(&final.sha256, digest);
    text_hex(digest, sizeof(digest), hex);
    if (wanted)
        (void)snprintf(reason->text, sizeof(reason->text), "its SHA-256 is %s, promised is %.64s",
                       hex, wanted);
    else
        (void)snprintf(reason->text, sizeof(reason->text),
                       "its hash is not the promised one, or of no known algorithm");
}

bool metadata_hasher_matches(const struct metadata_hasher *hasher,
                             const struct metadata_target *target)
{
    return hasher->size_bytes == (uint64_t)target->length && hashes_match(target->hashes, hasher);
}

int metadata_file_check(const struct metadata_file *file, const char *bytes, size_t size,
                        struct reason *reason)
{
    struct metadata_hasher hasher;

    if (file->length >= 0 && (uint64_t)file->length != size) {
        (void)snprintf(reason->text, sizeof(reason->text), "it has %zu bytes, promised are %lld",
                       size, (long long)file->length);
        return METADATA_E_MISMATCH;
    }
    if (!file->hashes)
        return 0;
    metadata_hasher_init(&hasher);
    metadata_hasher_update(&hasher, bytes, size);
    if (!hashes_match(file->hashes, &hasher)) {
        explain_hashes(file->hashes, &hasher, reason);
        return METADATA_E_MISMATCH;
    }
    return 0;
}

bool metadata_target(const struct metadata *targets, const char *path,
                     struct metadata_target *ret_target)
{
    const json_t *all = json_object_get(targets->signed_part, "targets");
    const json_t *target = json_object_get(all, path);

    if (!target)
        return false;
    *ret_target = (struct metadata_target){
        .path = json_object_iter_key(json_object_iter_at((json_t *)all, path)),
        .length = json_integer_value(json_object_get(target, "length")),
        .hashes = json_object_get(target, "hashes"),
        .custom = json_object_get(target, "custom"),
    };
    return true;
}

const char *metadata_target_hash(const struct metadata_target *target)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        const char *hash = json_string_value(json_object_get(target->hashes, algorithms[i]));

        if (hash)
            return hash;
    }
    return NULL;
}
