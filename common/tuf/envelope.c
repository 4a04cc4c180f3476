/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/envelope.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "tuf/canon.h"

#include <stdio.h>
#include <string.h>

#define SIGNED_CEILING ((size_t)16 << 20)

struct parts {
    const json_t *signatures;
    const json_t *signed_part;
};

static const struct field envelope_fields[] = {
    FIELD("signatures", JSON, struct parts, signatures, .required = true),
    FIELD("signed", JSON, struct parts, signed_part, .required = true),
};
static const struct shape envelope_shape = SHAPE(struct parts, envelope_fields);

struct raw_signature {
    uint8_t keyid[DIGEST_SHA256_SIZE];
    const char *sig;
};

struct raw_signatures {
    struct raw_signature *items;
    size_t count;
};

static const struct field signature_fields[] = {
    FIELD("keyid", HEX, struct raw_signature, keyid, .required = true, .max = DIGEST_SHA256_SIZE),
    FIELD("sig", STRING, struct raw_signature, sig, .required = true, .max = 2 * KEY_SIGNATURE_MAX),
};
static const struct shape signature_shape = SHAPE(struct raw_signature, signature_fields);

/* The array alone, put under its member's name so that errors say where. */
static const struct field signatures_fields[] = {
    FIELD_ARRAY("signatures", LIST, struct raw_signatures, items, count, .required = true,
                .max = ENVELOPE_SIGNATURES_MAX, .shape = &signature_shape),
};
static const struct shape signatures_shape = SHAPE(struct raw_signatures, signatures_fields);

/* A `sig` that is not hex is a signature that verifies nowhere, as an empty one is. */
static void convert(const struct raw_signature *raw, struct arena *arena,
                    struct envelope_signature *signature)
{
    size_t size = strlen(raw->sig) / 2;

    text_hex(raw->keyid, sizeof(raw->keyid), signature->keyid);
    signature->bytes = arena_alloc(arena, size);
    signature->size = text_unhex(raw->sig, signature->bytes, size) ? size : 0;
}

static bool seen_before(const struct envelope_signature *signatures, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(signatures[i].keyid, signatures[index].keyid) == 0)
            return true;
    }
    return false;
}

int envelope_parse_signatures(const json_t *array, struct arena *arena,
                              struct envelope_signature **ret_signatures, size_t *ret_count,
                              struct fields_error *ret_error)
{
    json_auto_t *holder = json_object();
    struct envelope_signature *signatures;
    struct raw_signatures raw;
    int r;

    if (!holder || json_object_set(holder, "signatures", (json_t *)(uintptr_t)array) < 0)
        return log_fail(ERR_NO_MEMORY, "cannot read signatures: out of memory");
    r = fields_decode(&signatures_shape, holder, arena, &raw, ret_error);
    if (r)
        return r == FIELDS_E_UNKNOWN ? ENVELOPE_E_UNKNOWN : ENVELOPE_E_INVALID;
    signatures = arena_array(arena, raw.count, sizeof(*signatures));
    for (size_t i = 0; i < raw.count; i++) {
        char path[64];

        convert(&raw.items[i], arena, &signatures[i]);
        if (!seen_before(signatures, i))
            continue;
        (void)snprintf(path, sizeof(path), "signatures[%zu].keyid", i);
        (void)fields_refuse(ret_error, path, "repeated: a key signs once");
        return ENVELOPE_E_INVALID;
    }
    *ret_signatures = signatures;
    *ret_count = raw.count;
    return 0;
}

int envelope_parse(const void *bytes, size_t size, size_t ceiling, struct arena *arena,
                   struct envelope *ret_envelope, struct fields_error *ret_error)
{
    CLEANUP(envelope_release) struct envelope envelope = {0};
    struct parts parts;
    int r;

    r = canon_parse(bytes, size, ceiling, &envelope.root, ret_error);
    if (r)
        return r == CANON_E_TOO_LARGE ? ENVELOPE_E_TOO_LARGE : ENVELOPE_E_SYNTAX;
    r = fields_decode(&envelope_shape, envelope.root, arena, &parts, ret_error);
    if (r)
        return r == FIELDS_E_UNKNOWN ? ENVELOPE_E_UNKNOWN : ENVELOPE_E_INVALID;
    if (!json_is_object(parts.signed_part)) {
        (void)fields_refuse(ret_error, "signed", "an object expected");
        return ENVELOPE_E_INVALID;
    }
    r = envelope_parse_signatures(parts.signatures, arena, &envelope.signatures,
                                  &envelope.signature_count, ret_error);
    if (r)
        return r;
    envelope.signed_part = (json_t *)(uintptr_t)parts.signed_part;
    *ret_envelope = envelope;
    envelope.root = NULL;
    return 0;
}

/* Which of the keys the signature names; the keys' count where none. */
static size_t find_key(const struct key *keys, size_t key_count, const char *keyid)
{
    size_t i = 0;

    while (i < key_count && strcmp(keys[i].id, keyid) != 0)
        i++;
    return i;
}

/* Whether the same key, perhaps under another id, is counted already. */
static bool is_counted(const struct envelope_verdict *verdict, const struct key *keys,
                       size_t key_count, const struct key *key)
{
    for (size_t i = 0; i < verdict->count; i++) {
        size_t counted = find_key(keys, key_count, verdict->keyids[i]);

        if (counted < key_count && key_equal(&keys[counted], key))
            return true;
    }
    return false;
}

int envelope_verify(const struct envelope *envelope, const struct key *keys, size_t key_count,
                    size_t threshold, struct envelope_verdict *ret_verdict)
{
    CLEANUP(buffer_release) struct buffer message = BUFFER(SIGNED_CEILING);
    struct envelope_verdict verdict = {0};
    int r;

    r = canon_encode(envelope->signed_part, &message);
    if (r)
        return r;
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct envelope_signature *signature = &envelope->signatures[i];
        size_t index = find_key(keys, key_count, signature->keyid);

        if (index == key_count) {
            verdict.unknown_count++;
        } else if (!key_verify(&keys[index], message.bytes, message.size, signature->bytes,
                               signature->size)) {
            verdict.bad_count++;
        } else if (!is_counted(&verdict, keys, key_count, &keys[index])) {
            memcpy(verdict.keyids[verdict.count], signature->keyid, KEY_ID_SIZE);
            verdict.count++;
        }
    }
    if (ret_verdict)
        *ret_verdict = verdict;
    return threshold > 0 && verdict.count >= threshold ? 0 : ENVELOPE_E_UNVERIFIED;
}

static int sign_bytes(const struct buffer *message, const struct signer *signer,
                      json_t **ret_signature)
{
    uint8_t signature[KEY_SIGNATURE_MAX];
    char hex[2 * KEY_SIGNATURE_MAX + 1];
    size_t size;
    json_t *object;
    int r;

    r = signer->sign(signer->state, message->bytes, message->size, signature, &size);
    if (r)
        return r;
    text_hex(signature, size, hex);
    object = json_pack("{s:s, s:s}", "keyid", signer->keyid, "sig", hex);
    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot sign: out of memory");
    *ret_signature = object;
    return 0;
}

int envelope_sign(const json_t *signed_part, const struct signer *signer, json_t **ret_signature)
{
    CLEANUP(buffer_release) struct buffer message = BUFFER(SIGNED_CEILING);
    int r = canon_encode(signed_part, &message);

    if (r)
        return r;
    return sign_bytes(&message, signer, ret_signature);
}

int envelope_build(const json_t *signed_part, const struct signer *signers, size_t signer_count,
                   struct buffer *buffer)
{
    CLEANUP(buffer_release) struct buffer message = BUFFER(SIGNED_CEILING);
    json_auto_t *signatures = json_array();
    json_auto_t *root = NULL;
    AUTO_FREE char *text = NULL;
    int r;

    r = canon_encode(signed_part, &message);
    for (size_t i = 0; !r && i < signer_count; i++) {
        json_t *signature;

        r = sign_bytes(&message, &signers[i], &signature);
        if (!r && json_array_append_new(signatures, signature) < 0)
            r = log_fail(ERR_NO_MEMORY, "cannot sign: out of memory");
    }
    if (r)
        return r;
    root = json_pack("{s:O, s:O}", "signatures", signatures, "signed", signed_part);
    text = root ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        buffer_append_text(buffer, text);
    if (!text || buffer->failed)
        return log_fail(ERR_NO_MEMORY, "cannot build an envelope: longer than %zu bytes",
                        buffer->ceiling);
    return 0;
}

void envelope_release(struct envelope *envelope)
{
    if (!envelope)
        return;
    json_decref(envelope->root);
    *envelope = (struct envelope){0};
}
