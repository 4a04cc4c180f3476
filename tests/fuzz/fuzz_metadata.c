/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TUF metadata of every role: what parses keeps its own limits, what it says of files, targets and
 * delegations can be asked for, and nothing of it was signed by keys of ours. The first byte
 * chooses the role.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "tuf/delegation.h"
#include "tuf/keyset.h"
#include "tuf/metadata.h"
#include "tuf/role.h"
#include "tuf/trusted.h"

#include <string.h>

static const char *const paths[] = {"digits/1.0.0/manifest.json", "a", "x/3", "../a", ""};

static const struct key_pair *own_key(void)
{
    static struct key_pair pair;

    if (!pair.has_secret)
        FUZZ_HOLDS(key_generate("fuzz", &pair) == 0);
    return &pair;
}

/* A role with one key of ours: whatever the input's signatures are, they are not by it. */
static void check_unsigned(const struct metadata *metadata)
{
    json_auto_t *keys = json_object();
    json_auto_t *keyids = json_array();
    struct tuf_role role = {.keys = keys, .keyids = keyids, .threshold = 1};
    struct reason reason = {{0}};
    int64_t count = 0;

    FUZZ_HOLDS(keyset_new(keys, &role.set) == 0);
    (void)json_object_set_new(keys, own_key()->key.id, key_to_json(&own_key()->key));
    (void)json_array_append_new(keyids, json_string(own_key()->key.id));
    FUZZ_HOLDS(role_verify(&role, metadata, &reason) == ROLE_E_SIGNATURE);
    FUZZ_HOLDS(reason.text[0]);
    if (role_count(&role, metadata, &count, &reason) == 0)
        FUZZ_HOLDS(count == 0);
    keyset_free(role.set);
}

/* A role may verify itself with keys that it brings along; it never counts more than it has. */
static void check_role(const struct tuf_role *role, const struct metadata *metadata)
{
    struct key keys[8];
    struct reason reason = {{0}};
    size_t key_count = 0;
    int64_t count = 0;

    FUZZ_HOLDS(role->threshold >= 1);
    if (role_keys(role, keys, 8, &key_count, &reason) == 0)
        FUZZ_HOLDS(key_count <= 8);
    if (role_count(role, metadata, &count, &reason) == 0)
        FUZZ_HOLDS(count >= 0 && (size_t)count <= json_array_size(role->keyids));
}

static void check_delegation(const struct metadata *metadata, const struct delegation *delegation)
{
    struct delegation again;

    FUZZ_HOLDS(delegation->name && delegation->name[0]);
    check_role(&delegation->role, metadata);
    if (delegation_named(metadata, delegation->name, &again))
        FUZZ_HOLDS(strcmp(again.name, delegation->name) == 0);
}

static void check_targets(const struct metadata *metadata)
{
    CLEANUP(arena_release) struct arena arena = {0};
    size_t count = delegation_count(metadata);

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct metadata_target target;

        if (metadata_target(metadata, paths[i], &target))
            FUZZ_HOLDS(target.length >= 0 && json_object_size(target.hashes) > 0);
        for (size_t j = 0; j < count; j++) {
            struct delegation delegation;

            if (delegation_covers(metadata, j, paths[i], &arena, &delegation))
                check_delegation(metadata, &delegation);
        }
    }
}

static void check_files(const struct metadata *metadata)
{
    static const char *const names[] = {"snapshot.json", "targets.json", "model-digits.json", ""};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct metadata_file file;
        struct reason reason = {{0}};

        if (!metadata_file(metadata, names[i], &file))
            continue;
        FUZZ_HOLDS(file.version >= 1 && file.length >= -1);
        if (file.length > 0 || file.hashes)
            FUZZ_HOLDS(metadata_file_check(&file, "", 0, &reason) == METADATA_E_MISMATCH);
    }
}

static void check_root(const struct metadata *metadata, const uint8_t *data, size_t size)
{
    CLEANUP(trusted_release) struct trusted trusted = {.now_ms = 1767225600000};
    bool rotated;

    (void)metadata_consistent(metadata);
    for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++) {
        struct tuf_role role = role_of_root(metadata, type);

        check_role(&role, metadata);
    }
    /* as a pinned root it is believed; it is never its own successor */
    if (trusted_root(&trusted, data, size) == 0)
        FUZZ_HOLDS(trusted_next_root(&trusted, data, size, &rotated) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(metadata_release) struct metadata metadata = {0};
    struct reason reason = {{0}};
    enum metadata_type type;

    if (size == 0)
        return 0;
    type = data[0] % METADATA_TYPES;
    data++;
    size--;
    if (metadata_parse(type, (const char *)data, size, &metadata, &reason)) {
        FUZZ_HOLDS(reason.text[0] && !metadata.document);
        return 0;
    }
    FUZZ_HOLDS(metadata.version >= 1);
    check_unsigned(&metadata);
    if (type == METADATA_ROOT)
        check_root(&metadata, data, size);
    else if (type == METADATA_TARGETS)
        check_targets(&metadata);
    else
        check_files(&metadata);
    return 0;
}
