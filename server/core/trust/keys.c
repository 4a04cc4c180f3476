/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/keys.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "tuf/canon.h"

#include <string.h>

/* A key object with more than its members is kept whole, but not at any size. */
#define OBJECT_SIZE_MAX 8192

int keys_prepare(const json_t *object, const char *name, const char *path, struct arena *arena,
                 struct q_model_key *ret_key, struct fields_error *ret_error)
{
    CLEANUP(buffer_release) struct buffer json = BUFFER(OBJECT_SIZE_MAX + 1);
    struct fields_error error = {0};
    struct key key;
    int r;

    r = key_parse(object, &key, &error);
    if (r == KEY_E_INVALID) {
        (void)fields_refuse(ret_error, path, "%s", error.text);
        return KEYS_E_INVALID;
    }
    if (r)
        return r;
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
        buffer_append_text(&json, text);
    free(text);
    if (!text || json.failed) {
        (void)fields_refuse(ret_error, path, "a key object of at most %d bytes expected",
                            OBJECT_SIZE_MAX);
        return KEYS_E_INVALID;
    }
    *ret_key = (struct q_model_key){
        .name = name ? arena_strdup(arena, name) : "",
        .json = arena_strndup(arena, json.bytes, json.size),
    };
    if (!text_unhex(key.id, ret_key->keyid, sizeof(ret_key->keyid)))
        return log_fail(ERR_INTERNAL, "a keyid is not 64 hex digits");
    return 0;
}

struct change {
    const struct keys_place *place;
    struct q_model_key *key;
    const uint8_t *keyid;
};

static int resolve(struct db *db, const struct keys_place *place, int64_t *ret_id)
{
    int r;

    r = q_model_resolve(db, place->workspace_id, place->model, NULL, ret_id, NULL);
    return r == Q_MODEL_E_MISSING ? KEYS_E_MODEL : r;
}

static int record(struct db *db, const struct change *change, enum audit_action action,
                  json_t *before, json_t *after)
{
    const struct keys_place *place = change->place;

    return audit_record(db, &(struct audit_change){
                                .workspace_id = place->workspace_id,
                                .actor = place->actor,
                                .now_ms = place->now_ms,
                                .action = action,
                                .object = place->model,
                                .before = before,
                                .after = after,
                            });
}

static int add(struct db *db, void *arg)
{
    const struct change *change = arg;
    char keyid[DIGEST_SHA256_HEX_SIZE];
    int64_t model_id;
    int64_t count;
    int r;

    r = resolve(db, change->place, &model_id);
    if (r)
        return r;
    r = q_model_count_keys(db, model_id, &count);
    if (r)
        return r;
    if (count >= KEYS_MAX)
        return KEYS_E_MANY;
    r = q_model_insert_key(db, change->place->workspace_id, model_id, change->key);
    if (r)
        return r == Q_MODEL_E_EXISTS ? KEYS_E_EXISTS : r;
    text_hex(change->key->keyid, sizeof(change->key->keyid), keyid);
    return record(db, change, AUDIT_MODEL_ADD_KEY, NULL,
                  json_pack("{s:s, s:s, s:s}", "keyid", keyid, "name", change->key->name, "key",
                            change->key->json));
}

int keys_add(struct db *db, const struct keys_place *place, struct q_model_key *key)
{
    struct change change = {.place = place, .key = key};

    key->added_by = place->actor->name;
    key->added_ms = place->now_ms;
    return tx_run(db, add, &change);
}

static int revoke_it(struct db *db, void *arg)
{
    const struct change *change = arg;
    const struct keys_place *place = change->place;
    char keyid[DIGEST_SHA256_HEX_SIZE];
    int64_t model_id;
    bool changed;
    int r;

    r = resolve(db, place, &model_id);
    if (r)
        return r;
    r = q_model_revoke_key(db, model_id, change->keyid, place->actor->name, place->now_ms,
                           &changed);
    if (r)
        return r == Q_MODEL_E_MISSING ? KEYS_E_MISSING : r;
    if (!changed)
        return 0;
    text_hex(change->keyid, DIGEST_SHA256_SIZE, keyid);
    return record(db, change, AUDIT_MODEL_REVOKE_KEY,
                  json_pack("{s:s, s:b}", "keyid", keyid, "revoked", 0),
                  json_pack("{s:s, s:b}", "keyid", keyid, "revoked", 1));
}

int keys_revoke(struct db *db, const struct keys_place *place,
                const uint8_t keyid[static DIGEST_SHA256_SIZE])
{
    struct change change = {.place = place, .keyid = keyid};

    return tx_run(db, revoke_it, &change);
}

static int parse(const struct q_model_key *stored, struct key *ret_key)
{
    struct fields_error error = {0};
    json_auto_t *object = NULL;
    int r;

    r = canon_parse(stored->json, strlen(stored->json), OBJECT_SIZE_MAX, &object, &error);
    if (!r)
        r = key_parse(object, ret_key, &error);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored key cannot be read: %s", error.text);
    return r;
}

int keys_lock(struct db *db, int64_t model_id, struct arena *arena, struct key **ret_keys,
              size_t *ret_count)
{
    struct q_model_key *stored;
    size_t count;
    int r;

    r = q_model_lock_keys(db, model_id, arena, &stored, &count);
    if (r)
        return r;
    struct key *keys = arena_array(arena, count, sizeof(*keys));
    for (size_t i = 0; i < count; i++) {
        r = parse(&stored[i], &keys[i]);
        if (r)
            return r;
    }
    *ret_keys = keys;
    *ret_count = count;
    return 0;
}
