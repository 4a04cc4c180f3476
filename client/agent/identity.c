/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "tuf/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE "identity/key.json"
#define DEVICE_FILE "identity/device.json"
#define SEQUENCE_FILE "identity/sequence.json"
#define TOKEN_PREFIX "mfd_"
#define TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct identity, member), sizeof(((struct identity *)0)->member)         \
    }

static const struct {
    const char *name;
    size_t offset;
    size_t size;
} texts[] = {
    TEXT(url), TEXT(device), TEXT(device_id), TEXT(workspace), TEXT(token), TEXT(other_token),
};

static int make_key(const struct store *store, struct key_pair *ret_pair)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    int r;

    r = key_generate("device", &pair);
    if (r)
        return r;
    r = key_file_write(store->dir_fd, KEY_FILE, &pair, true);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "cannot write '%s/%s': it appeared meanwhile", store->path,
                        KEY_FILE);
    if (r)
        return r;
    *ret_pair = pair;
    return 0;
}

int identity_key(const struct store *store, struct key_pair *ret_pair)
{
    struct fields_error error = {0};
    int r = key_file_read(store->dir_fd, KEY_FILE, true, ret_pair, &error);

    if (r == KEY_E_MISSING)
        return make_key(store, ret_pair);
    if (r > 0) {
        (void)log_fail(0, "cannot use '%s/%s': %s", store->path, KEY_FILE, error.text);
        return IDENTITY_E_BROKEN;
    }
    return r;
}

static bool decode(const json_t *object, struct identity *identity)
{
    const json_t *issued = json_object_get(object, "token_issued_ms");
    const json_t *interval = json_object_get(object, "poll_interval_s");

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const json_t *member = json_object_get(object, texts[i].name);
        bool optional = texts[i].offset == offsetof(struct identity, other_token);
        const char *text = optional && !member ? "" : json_string_value(member);

        if (!text || strlen(text) >= texts[i].size)
            return false;
        (void)snprintf((char *)identity + texts[i].offset, texts[i].size, "%s", text);
    }
    identity->token_issued_ms = json_integer_value(issued);
    identity->poll_interval_s = json_integer_value(interval);
    return json_is_integer(issued) && json_is_integer(interval);
}

int identity_load(const struct store *store, struct identity *ret_identity)
{
    CLEANUP(cleanup_json) json_t *object = NULL;
    CLEANUP(identity_release) struct identity identity = {0};
    int r;

    r = store_load(store, DEVICE_FILE, &object);
    if (r == STORE_E_MISSING)
        return IDENTITY_E_NOT_ENROLLED;
    if (r < 0)
        return r;
    if (r || !decode(object, &identity)) {
        (void)log_fail(0, "cannot use '%s/%s': it is damaged; enrol this device again", store->path,
                       DEVICE_FILE);
        return IDENTITY_E_BROKEN;
    }
    r = identity_key(store, &identity.pair);
    if (r)
        return r;
    *ret_identity = identity;
    return 0;
}

int identity_save(const struct store *store, const struct identity *identity)
{
    CLEANUP(cleanup_json) json_t *object = json_object();
    int bad = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        bad |= json_object_set_new(object, texts[i].name,
                                   json_string((const char *)identity + texts[i].offset));
    bad |= json_object_set_new(object, "token_issued_ms", json_integer(identity->token_issued_ms));
    bad |= json_object_set_new(object, "poll_interval_s", json_integer(identity->poll_interval_s));
    if (bad)
        return log_fail(ERR_NO_MEMORY, "cannot keep the enrolment: out of memory");
    return store_save(store, DEVICE_FILE, object, 0600);
}

bool identity_is_token(const char *text)
{
    size_t length = strlen(text);

    return length < IDENTITY_TOKEN_SIZE && length > strlen(TOKEN_PREFIX) &&
           strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) == 0 &&
           strspn(text, TOKEN_CHARACTERS) == length;
}

static int use_token(const struct store *store, struct identity *identity, const char *token,
                     int64_t issued_ms)
{
    CLEANUP(identity_release) struct identity changed = *identity;
    int r;

    (void)snprintf(changed.other_token, sizeof(changed.other_token), "%s", identity->token);
    (void)snprintf(changed.token, sizeof(changed.token), "%s", token);
    changed.token_issued_ms = issued_ms;
    r = identity_save(store, &changed);
    if (r)
        return r;
    *identity = changed;
    return 0;
}

int identity_swap(const struct store *store, struct identity *identity)
{
    char token[IDENTITY_TOKEN_SIZE];
    int r;

    if (!identity->other_token[0])
        return IDENTITY_E_NO_OTHER;
    (void)snprintf(token, sizeof(token), "%s", identity->other_token);
    r = use_token(store, identity, token, identity->token_issued_ms);
    secret_wipe(token, sizeof(token));
    return r;
}

int identity_rotate(const struct store *store, struct identity *identity, const char *token,
                    int64_t wall_ms)
{
    if (!identity_is_token(token))
        return log_fail(ERR_UNAVAILABLE, "cannot keep the new token: it is none");
    return use_token(store, identity, token, wall_ms);
}

int identity_sequence(const struct store *store, int64_t floor, int64_t wall_ms,
                      int64_t *ret_sequence)
{
    CLEANUP(cleanup_json) json_t *object = NULL;
    CLEANUP(cleanup_json) json_t *next = NULL;
    int64_t last;
    int r;

    r = store_load(store, SEQUENCE_FILE, &object);
    if (r < 0)
        return r;
    last = json_integer_value(json_object_get(object, "last"));
    if (r || last <= 0)
        last = wall_ms;
    if (last < floor)
        last = floor;
    next = json_pack("{s:I}", "last", (json_int_t)(last + 1));
    if (!next)
        return log_fail(ERR_NO_MEMORY, "cannot number a report: out of memory");
    r = store_save(store, SEQUENCE_FILE, next, 0600);
    if (r)
        return r;
    *ret_sequence = last + 1;
    return 0;
}

void identity_release(struct identity *identity)
{
    if (identity)
        secret_wipe(identity, sizeof(*identity));
}
