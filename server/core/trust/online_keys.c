/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/online_keys.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- storing ----------------------------------------------------------------------------------
 */

static int store(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                 const struct key_pair *pair, int64_t now_ms)
{
    uint8_t sealed[sizeof(pair->secret) + SEAL_OVERHEAD];
    json_auto_t *object = key_to_json(&pair->key);
    AUTO_FREE char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    struct q_tuf_online_key row = {
        .key_json = text,
        .sealed = sealed,
        .sealed_size = sizeof(sealed),
        .created_ms = now_ms,
    };

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot store an online key: out of memory");
    if (!text_unhex(pair->key.id, row.keyid, sizeof(row.keyid)))
        return log_fail(ERR_INTERNAL, "a keyid is not 64 hex digits");
    seal_close(vault->key, pair->secret, sizeof(pair->secret), sealed);
    return q_tuf_online_key_insert(db, place, &row);
}

static int make(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                const struct audit_actor *actor, int64_t now_ms, struct key *ret_key)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    int r = key_generate(place->repository, &pair);

    if (!r)
        r = store(db, vault, place, &pair, now_ms);
    if (!r)
        r = audit_record(db, &(struct audit_change){
                                 .workspace_id = place->workspace_id,
                                 .actor = actor,
                                 .now_ms = now_ms,
                                 .action = AUDIT_TRUST_MAKE_KEY,
                                 .object = place->repository,
                                 .after = json_pack("{s:s}", "keyid", pair.key.id),
                             });
    if (r)
        return r;
    *ret_key = pair.key;
    return 0;
}

int online_keys_public(const struct q_tuf_online_key *row, struct key *ret_key)
{
    json_auto_t *object = json_loads(row->key_json, 0, NULL);
    struct fields_error error = {0};
    int r = object ? key_parse(object, ret_key, &error) : KEY_E_INVALID;

    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored online key cannot be read: %s", error.text);
    return r;
}

int online_keys_offer(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                      const struct audit_actor *actor, int64_t now_ms, struct key *ret_key)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_tuf_online_key *keys;
    size_t count;
    int r;

    if (!vault->open)
        return ONLINE_KEYS_E_CLOSED;
    r = q_tuf_online_key_list(db, place, &arena, &keys, &count);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++)
        if (!keys[i].retired_ms)
            return online_keys_public(&keys[i], ret_key);
    return make(db, vault, place, actor, now_ms, ret_key);
}

int online_keys_rotate(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                       const struct audit_actor *actor, int64_t now_ms, struct key *ret_key)
{
    int r;

    if (!vault->open)
        return ONLINE_KEYS_E_CLOSED;
    r = q_tuf_online_key_retire(db, place, now_ms);
    return r ? r : make(db, vault, place, actor, now_ms, ret_key);
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static bool names(const struct tuf_role *role, const uint8_t keyid[static DIGEST_SHA256_SIZE])
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    size_t i;
    json_t *value;

    text_hex(keyid, DIGEST_SHA256_SIZE, hex);
    json_array_foreach ((json_t *)role->keyids, i, value) {
        if (strcmp(json_string_value(value), hex) == 0)
            return true;
    }
    return false;
}

static int unseal(const struct vault *vault, const struct q_tuf_online_key *row,
                  struct key_pair *pair)
{
    int r = online_keys_public(row, &pair->key);

    if (r)
        return r;
    if (row->sealed_size != sizeof(pair->secret) + SEAL_OVERHEAD ||
        seal_open(vault->key, row->sealed, row->sealed_size, pair->secret))
        return ONLINE_KEYS_E_SEALED;
    pair->has_secret = true;
    return 0;
}

/* role: what it must be named in; NULL: it is not retired. */
static int open_first(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                      const struct tuf_role *role, struct key_pair *ret_pair)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct q_tuf_online_key *keys;
    size_t count;
    int r;

    if (!vault->open)
        return ONLINE_KEYS_E_CLOSED;
    r = q_tuf_online_key_list(db, place, &arena, &keys, &count);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        if (role ? !names(role, keys[i].keyid) : keys[i].retired_ms != 0)
            continue;
        r = unseal(vault, &keys[i], &pair);
        if (r)
            return r;
        *ret_pair = pair;
        return 0;
    }
    return ONLINE_KEYS_E_NONE;
}

int online_keys_open(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                     const struct tuf_role *role, struct key_pair *ret_pair)
{
    return open_first(db, vault, place, role, ret_pair);
}

int online_keys_open_newest(struct db *db, const struct vault *vault,
                            const struct q_tuf_place *place, struct key_pair *ret_pair)
{
    return open_first(db, vault, place, NULL, ret_pair);
}
