/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keys.h"

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

static int resolve(struct db *db, int64_t workspace_id, const char *model, int64_t *ret_id)
{
    int r;

    r = q_model_resolve(db, workspace_id, model, NULL, ret_id, NULL);
    return r == Q_MODEL_E_MISSING ? KEYS_E_MODEL : r;
}

int keys_add(struct db *db, int64_t workspace_id, const char *model, const struct q_model_key *key)
{
    int64_t model_id;
    int64_t count;
    int r;

    r = resolve(db, workspace_id, model, &model_id);
    if (r)
        return r;
    r = q_model_count_keys(db, model_id, &count);
    if (r)
        return r;
    if (count >= KEYS_MAX)
        return KEYS_E_MANY;
    r = q_model_insert_key(db, workspace_id, model_id, key);
    return r == Q_MODEL_E_EXISTS ? KEYS_E_EXISTS : r;
}

int keys_revoke(struct db *db, int64_t workspace_id, const char *model,
                const uint8_t keyid[static DIGEST_SHA256_SIZE], const char *by, int64_t now_ms)
{
    int64_t model_id;
    int r;

    r = resolve(db, workspace_id, model, &model_id);
    if (r)
        return r;
    r = q_model_revoke_key(db, model_id, keyid, by, now_ms);
    return r == Q_MODEL_E_MISSING ? KEYS_E_MISSING : r;
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
