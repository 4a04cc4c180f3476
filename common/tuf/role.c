/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/role.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "tuf/canon.h"
#include "tuf/keyset.h"

#include <stdio.h>
#include <string.h>

#define CANONICAL_MAX ((size_t)64 << 20)
/* More keys than any role has; what stands behind them in a file is not looked at. */
#define KEYS_MAX 64

struct tuf_role role_of_root(const struct metadata *root, enum metadata_type type)
{
    const json_t *roles = json_object_get(root->signed_part, "roles");
    const json_t *role = json_object_get(roles, metadata_type_name(type));

    return (struct tuf_role){
        .keys = json_object_get(root->signed_part, "keys"),
        .set = root->keys,
        .keyids = json_object_get(role, "keyids"),
        .threshold = json_integer_value(json_object_get(role, "threshold")),
    };
}

static bool lists(const json_t *keyids, const char *keyid)
{
    size_t i;
    json_t *value;

    json_array_foreach ((json_t *)keyids, i, value) {
        if (strcmp(json_string_value(value), keyid) == 0)
            return true;
    }
    return false;
}

bool role_same_keys(const struct tuf_role *a, const struct tuf_role *b)
{
    if (json_array_size(a->keyids) != json_array_size(b->keyids))
        return false;
    for (size_t i = 0; i < json_array_size(a->keyids); i++) {
        const char *keyid = json_string_value(json_array_get(a->keyids, i));

        if (!lists(b->keyids, keyid) ||
            !json_equal(json_object_get(json_object_get(a->keys, keyid), "keyval"),
                        json_object_get(json_object_get(b->keys, keyid), "keyval")))
            return false;
    }
    return true;
}

static int refuse(struct reason *reason, const char *why, const char *keyid)
{
    (void)snprintf(reason->text, sizeof(reason->text), "%s '%.64s'", why, keyid);
    return ROLE_E_SIGNATURE;
}

/* ---- the keys of a role -------------------------------------------------------------------- */

static int read_key(const struct tuf_role *role, size_t index, struct key *ret_key,
                    struct reason *reason)
{
    const char *keyid = json_string_value(json_array_get(role->keyids, index));
    struct fields_error error = {0};
    int r = key_parse(json_object_get(role->keys, keyid), ret_key, &error);

    if (r < 0)
        return r;
    if (r)
        return refuse(reason, error.text, keyid);
    /* it is known by the id that the file gives it */
    (void)snprintf(ret_key->id, sizeof(ret_key->id), "%s", keyid);
    return 0;
}

bool role_names_key(const struct tuf_role *role, const struct key *key)
{
    struct reason reason;

    for (size_t i = 0; i < json_array_size(role->keyids); i++) {
        struct key named;

        if (read_key(role, i, &named, &reason) == 0 && key_equal(&named, key))
            return true;
    }
    return false;
}

int role_keys(const struct tuf_role *role, struct key *ret_keys, size_t capacity, size_t *ret_count,
              struct reason *reason)
{
    size_t count = json_array_size(role->keyids);

    if (count > capacity) {
        (void)snprintf(reason->text, sizeof(reason->text), "it has more than %zu keys", capacity);
        return ROLE_E_SIGNATURE;
    }
    for (size_t i = 0; i < count; i++) {
        int r = read_key(role, i, &ret_keys[i], reason);

        if (r)
            return r;
    }
    *ret_count = count;
    return 0;
}

/* ---- signatures ---------------------------------------------------------------------------- */

static int check_unique(const json_t *signatures, struct reason *reason)
{
    for (size_t i = 0; i < json_array_size(signatures); i++) {
        const json_t *keyid = json_object_get(json_array_get(signatures, i), "keyid");

        if (!json_is_string(keyid))
            return refuse(reason, "signatures: a string is expected as", "keyid");
        for (size_t j = 0; j < i; j++)
            if (json_equal(keyid, json_object_get(json_array_get(signatures, j), "keyid")))
                return refuse(reason, "signatures: repeated keyid", json_string_value(keyid));
    }
    return 0;
}

/* Whether one signature is a good one of one of the role's keys, and which key that is. */
static bool signature_is_good(const struct tuf_role *role, const json_t *signature,
                              const struct buffer *message, struct key *ret_key)
{
    const char *keyid = json_string_value(json_object_get(signature, "keyid"));
    const char *hex = json_string_value(json_object_get(signature, "sig"));
    uint8_t bytes[KEY_SIGNATURE_MAX];
    struct fields_error error = {0};
    size_t size;

    if (!hex || !lists(role->keyids, keyid))
        return false;
    size = strlen(hex) / 2;
    if (size == 0 || size > sizeof(bytes) || !text_unhex(hex, bytes, size))
        return false;
    if (!keyset_is_of(role->set, role->keys))
        return key_parse(json_object_get(role->keys, keyid), ret_key, &error) == 0 &&
               key_verify(ret_key, message->bytes, message->size, bytes, size);
    return keyset_verify(role->set, keyid, message->bytes, message->size, bytes, size, ret_key);
}

static bool is_new(const struct key *keys, size_t count, const struct key *key)
{
    for (size_t i = 0; i < count; i++)
        if (key_equal(&keys[i], key))
            return false;
    return true;
}

int role_count(const struct tuf_role *role, const struct metadata *metadata, int64_t *ret_count,
               struct reason *reason)
{
    const json_t *signatures = json_object_get(metadata->document, "signatures");
    CLEANUP(buffer_release) struct buffer message = BUFFER(CANONICAL_MAX);
    AUTO_FREE struct key *good = calloc(KEYS_MAX, sizeof(*good));
    size_t count = 0;
    int r;

    if (!good)
        return log_fail(ERR_NO_MEMORY, "cannot verify signatures: out of memory");
    r = check_unique(signatures, reason);
    if (r)
        return r;
    r = canon_encode(metadata->signed_part, &message);
    if (r)
        return r;
    for (size_t i = 0; i < json_array_size(signatures) && count < KEYS_MAX; i++) {
        struct key key;

        if (signature_is_good(role, json_array_get(signatures, i), &message, &key) &&
            is_new(good, count, &key))
            good[count++] = key;
    }
    *ret_count = (int64_t)count;
    return 0;
}

int role_verify(const struct tuf_role *role, const struct metadata *metadata, struct reason *reason)
{
    int64_t count;
    int r = role_count(role, metadata, &count, reason);

    if (r || count >= role->threshold)
        return r;
    (void)snprintf(reason->text, sizeof(reason->text),
                   "%lld good signatures by the keys of this role, %lld are needed",
                   (long long)count, (long long)role->threshold);
    return ROLE_E_SIGNATURE;
}
