/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key_file.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "tuf/canon.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_FORMAT 1
#define BOX_SIZE (KEY_SEED_SIZE + SEAL_OVERHEAD)

/* ---- reading ------------------------------------------------------------------------------- */

struct outline {
    int64_t format;
    const char *name;
    const json_t *key;
    const json_t *secret;
};

static const struct field outline_fields[] = {
    FIELD("modelferry_key", INTEGER, struct outline, format, .required = true),
    FIELD("name", STRING, struct outline, name, .max = KEY_NAME_MAX),
    FIELD("key", JSON, struct outline, key, .required = true),
    FIELD("secret", JSON, struct outline, secret),
};
static const struct shape outline_shape = SHAPE(struct outline, outline_fields);

/* The members of a secret below "encoding", which is checked before. Inline: nothing of it is left
 * in an arena. */
struct plain_secret {
    uint8_t seed[KEY_SEED_SIZE];
};

static const struct field plain_fields[] = {
    FIELD("seed", HEX, struct plain_secret, seed, .required = true, .max = KEY_SEED_SIZE),
};
static const struct shape plain_shape = SHAPE(struct plain_secret, plain_fields, .open = true);

struct sealed_secret {
    int64_t operations;
    int64_t memory_bytes;
    uint8_t salt[SEAL_SALT_SIZE];
    uint8_t box[BOX_SIZE];
};

static const struct field sealed_fields[] = {
    FIELD("operations", INTEGER, struct sealed_secret, operations, .required = true, .min = 1,
          .max = SEAL_OPERATIONS_MAX),
    FIELD("memory_bytes", INTEGER, struct sealed_secret, memory_bytes, .required = true,
          .min = SEAL_MEMORY_BYTES_MIN, .max = SEAL_MEMORY_BYTES_MAX),
    FIELD("salt", HEX, struct sealed_secret, salt, .required = true, .max = SEAL_SALT_SIZE),
    FIELD("box", HEX, struct sealed_secret, box, .required = true, .max = BOX_SIZE),
};
static const struct shape sealed_shape = SHAPE(struct sealed_secret, sealed_fields, .open = true);

/* Puts what a table says about a member of `secret` under its name. */
static int refuse_secret(const struct fields_error *inner, struct fields_error *error)
{
    (void)fields_refuse(error, "", "secret.%s", inner->text);
    return KEY_E_INVALID;
}

/* The pair of a seed, which must be that of the public key beside it. */
static int adopt_seed(struct key_pair *pair, const uint8_t seed[static KEY_SEED_SIZE],
                      bool *ret_fits)
{
    CLEANUP(key_pair_release) struct key_pair own = {0};
    int r = key_from_seed(seed, &own);

    if (r)
        return r;
    *ret_fits = key_equal(&own.key, &pair->key);
    if (!*ret_fits)
        return 0;
    memcpy(pair->secret, own.secret, sizeof(pair->secret));
    pair->has_secret = true;
    return 0;
}

static int decode_plain(const json_t *secret, struct arena *arena, struct key_file *file,
                        struct fields_error *error)
{
    struct plain_secret plain;
    struct fields_error inner = {0};
    bool fits = false;
    int r;

    if (fields_decode(&plain_shape, secret, arena, &plain, &inner))
        return refuse_secret(&inner, error);
    r = adopt_seed(&file->pair, plain.seed, &fits);
    secret_wipe(&plain, sizeof(plain));
    if (r || fits)
        return r;
    (void)fields_refuse(error, "secret", "does not belong to the public key beside it");
    return KEY_E_INVALID;
}

static int decode_sealed(const json_t *secret, struct arena *arena, struct key_file *file,
                         struct fields_error *error)
{
    struct sealed_secret sealed;
    struct fields_error inner = {0};

    if (fields_decode(&sealed_shape, secret, arena, &sealed, &inner))
        return refuse_secret(&inner, error);
    file->sealed = true;
    file->cost = (struct seal_cost){
        .operations = (uint64_t)sealed.operations,
        .memory_bytes = (uint64_t)sealed.memory_bytes,
    };
    memcpy(file->salt, sealed.salt, sizeof(file->salt));
    memcpy(file->box, sealed.box, sizeof(file->box));
    return 0;
}

/* How a secret is kept. */
static const struct encoding {
    const char *name;
    int (*decode)(const json_t *secret, struct arena *arena, struct key_file *file,
                  struct fields_error *error);
} encodings[] = {
    {"plain",    decode_plain },
    {"argon2id", decode_sealed},
};

static int decode_secret(const json_t *secret, struct arena *arena, struct key_file *file,
                         struct fields_error *error)
{
    const char *name = json_string_value(json_object_get(secret, "encoding"));

    for (size_t i = 0; name && i < ARRAY_LEN(encodings); i++)
        if (strcmp(encodings[i].name, name) == 0)
            return encodings[i].decode(secret, arena, file, error);
    (void)fields_refuse(error, "secret.encoding",
                        "'plain' or 'argon2id' expected; was it written by a newer modelferry?");
    return KEY_E_INVALID;
}

static int decode(const json_t *value, struct arena *arena, struct key_file *file,
                  struct fields_error *error)
{
    struct outline outline;
    int r;

    if (fields_decode(&outline_shape, value, arena, &outline, error))
        return KEY_E_INVALID;
    if (outline.format != FILE_FORMAT) {
        (void)fields_refuse(error, "modelferry_key", "format 1 expected");
        return KEY_E_INVALID;
    }
    (void)snprintf(file->pair.name, sizeof(file->pair.name), "%s",
                   outline.name ? outline.name : "");
    r = key_parse(outline.key, &file->pair.key, error);
    return r || !outline.secret ? r : decode_secret(outline.secret, arena, file, error);
}

/* Wipes a secret that stands in JSON, before its memory goes back. */
static void wipe_seed(const json_t *value)
{
    const char *seed = json_string_value(json_object_get(json_object_get(value, "secret"), "seed"));

    if (seed)
        secret_wipe((char *)(uintptr_t)seed, strlen(seed));
}

static int parse(const char *text, size_t size, struct key_file *file, struct fields_error *error)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = NULL;
    int r;

    if (canon_parse(text, size, KEY_FILE_MAX, &value, error))
        return KEY_E_INVALID;
    r = decode(value, &arena, file, error);
    wipe_seed(value);
    return r;
}

static int check_mode(int dir_fd, const char *path, struct fields_error *error)
{
    struct stat stat;

    if (fstatat(dir_fd, path, &stat, 0) < 0)
        return log_fail_errno("cannot stat '%s'", path);
    if (!(stat.st_mode & (S_IRWXG | S_IRWXO)))
        return 0;
    (void)fields_refuse(error, "", "others may read the secret key in '%s': chmod 600 it", path);
    return KEY_E_PERMISSION;
}

int key_file_load(int dir_fd, const char *path, struct key_file *ret_file,
                  struct fields_error *ret_error)
{
    CLEANUP(key_file_release) struct key_file file = {0};
    char *text = NULL;
    size_t size = 0;
    int r;

    r = file_read(dir_fd, path, KEY_FILE_MAX, &text, &size);
    if (r == FILE_E_MISSING)
        return KEY_E_MISSING;
    if (r == FILE_E_TOO_LARGE) {
        (void)fields_refuse(ret_error, "", "'%s' is too large for a key file", path);
        return KEY_E_INVALID;
    }
    if (r)
        return r;
    r = parse(text, size, &file, ret_error);
    secret_wipe(text, size);
    free(text);
    if (!r && (file.pair.has_secret || file.sealed))
        r = check_mode(dir_fd, path, ret_error);
    if (r)
        return r;
    *ret_file = file;
    return 0;
}

int key_file_read(int dir_fd, const char *path, bool need_secret, struct key_pair *ret_pair,
                  struct fields_error *ret_error)
{
    CLEANUP(key_file_release) struct key_file file = {0};
    int r = key_file_load(dir_fd, path, &file, ret_error);

    if (r)
        return r;
    if (need_secret && file.sealed) {
        (void)fields_refuse(ret_error, "", "the secret key in '%s' is sealed by a passphrase",
                            path);
        return KEY_E_SEALED;
    }
    if (need_secret && !file.pair.has_secret)
        return KEY_E_NO_SECRET;
    *ret_pair = file.pair;
    return 0;
}

void key_file_release(struct key_file *file)
{
    if (file)
        secret_wipe(file, sizeof(*file));
}

/* ---- sealing ------------------------------------------------------------------------------- */

int key_file_unseal(struct key_file *file, const char *passphrase)
{
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t seed[KEY_SEED_SIZE];
    bool fits = false;
    int r;

    assert(file->sealed);
    r = seal_passphrase_key(passphrase, file->salt, &file->cost, key);
    if (r)
        return r < 0 ? r : KEY_E_PASSPHRASE;
    r = seal_open(key, file->box, sizeof(file->box), seed);
    secret_wipe(key, sizeof(key));
    if (r)
        return KEY_E_PASSPHRASE;
    r = adopt_seed(&file->pair, seed, &fits);
    secret_wipe(seed, sizeof(seed));
    if (r)
        return r;
    return fits ? 0 : KEY_E_PASSPHRASE;
}

static int seal_secret(const struct key_pair *pair, const char *passphrase,
                       const struct seal_cost *cost, json_t **ret_secret)
{
    uint8_t salt[SEAL_SALT_SIZE];
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t seed[KEY_SEED_SIZE];
    uint8_t box[BOX_SIZE];
    char salt_hex[2 * SEAL_SALT_SIZE + 1];
    char box_hex[2 * BOX_SIZE + 1];
    int r;

    secret_random(salt, sizeof(salt));
    r = seal_passphrase_key(passphrase, salt, cost, key);
    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "cannot seal a key: bad cost");
    key_seed(pair, seed);
    seal_close(key, seed, sizeof(seed), box);
    secret_wipe(seed, sizeof(seed));
    secret_wipe(key, sizeof(key));
    text_hex(salt, sizeof(salt), salt_hex);
    text_hex(box, sizeof(box), box_hex);
    *ret_secret = json_pack("{s:s, s:I, s:I, s:s, s:s}", "encoding", "argon2id", "operations",
                            (json_int_t)cost->operations, "memory_bytes",
                            (json_int_t)cost->memory_bytes, "salt", salt_hex, "box", box_hex);
    return 0;
}

static void plain_secret(const struct key_pair *pair, json_t **ret_secret)
{
    uint8_t seed[KEY_SEED_SIZE];
    char hex[2 * KEY_SEED_SIZE + 1];

    key_seed(pair, seed);
    text_hex(seed, sizeof(seed), hex);
    *ret_secret = json_pack("{s:s, s:s}", "encoding", "plain", "seed", hex);
    secret_wipe(seed, sizeof(seed));
    secret_wipe(hex, sizeof(hex));
}

/* ---- writing ------------------------------------------------------------------------------- */

/* What is to be written. */
struct draft {
    const struct key_pair *pair;
    bool with_secret;
    const char *passphrase; /* NULL: plain */
    const struct seal_cost *cost;
    bool replace;
};

/* ret_text: malloc'd; the caller wipes it. */
static int format(const struct draft *draft, char **ret_text)
{
    const struct key_pair *pair = draft->pair;
    json_auto_t *file = json_pack("{s:i, s:s, s:o*}", "modelferry_key", FILE_FORMAT, "name",
                                  pair->name, "key", key_to_json(&pair->key));
    json_t *secret = NULL;
    int r = 0;

    if (file && draft->with_secret) {
        if (draft->passphrase)
            r = seal_secret(pair, draft->passphrase, draft->cost, &secret);
        else
            plain_secret(pair, &secret);
        if (r)
            return r;
        (void)json_object_set_new(file, "secret", secret);
    }
    *ret_text = file && (secret || !draft->with_secret)
                    ? json_dumps(file, JSON_INDENT(2) | JSON_SORT_KEYS)
                    : NULL;
    wipe_seed(file);
    return *ret_text ? 0 : log_fail(ERR_NO_MEMORY, "cannot write a key file: out of memory");
}

static int write_draft(int dir_fd, const char *path, const struct draft *draft)
{
    mode_t mode = draft->with_secret ? 0600 : 0644;
    char *text;
    int r;

    assert(!draft->with_secret || draft->pair->has_secret);
    r = format(draft, &text);
    if (r)
        return r;
    r = draft->replace ? file_replace(dir_fd, path, text, strlen(text), mode)
                       : file_create(dir_fd, path, text, strlen(text), mode);
    secret_wipe(text, strlen(text));
    free(text);
    return r == FILE_E_EXISTS ? KEY_E_EXISTS : r;
}

int key_file_write(int dir_fd, const char *path, const struct key_pair *pair, bool with_secret)
{
    struct draft draft = {.pair = pair, .with_secret = with_secret};

    return write_draft(dir_fd, path, &draft);
}

int key_file_write_sealed(int dir_fd, const char *path, const struct key_pair *pair,
                          const char *passphrase, const struct seal_cost *cost)
{
    struct draft draft = {
        .pair = pair,
        .with_secret = true,
        .passphrase = passphrase,
        .cost = cost,
    };

    return write_draft(dir_fd, path, &draft);
}

int key_file_reseal(int dir_fd, const char *path, const struct key_pair *pair,
                    const char *passphrase, const struct seal_cost *cost)
{
    struct draft draft = {
        .pair = pair,
        .with_secret = true,
        .passphrase = passphrase,
        .cost = cost,
        .replace = true,
    };

    return write_draft(dir_fd, path, &draft);
}
