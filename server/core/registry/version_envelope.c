/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/version_envelope.h"

#include "base/log.h"
#include "core/registry/version_content.h"
#include "core/trust/keys.h"
#include "crypto/text.h"

#include <string.h>

void version_envelope_release(struct version_envelope *envelope)
{
    if (envelope)
        envelope_release(&envelope->envelope);
}

int version_envelope_refuse(struct versions_failure *failure, const char *path, const char *message)
{
    (void)fields_refuse(&failure->error, path, "%s", message);
    return VERSIONS_E_INVALID;
}

/* The errors of the decoder are relative to `signed`. */
int version_envelope_decode(struct version_envelope *envelope, struct arena *arena,
                            struct versions_failure *failure)
{
    struct fields_error error = {0};
    int r;

    r = manifest_decode(envelope->envelope.signed_part, arena, &envelope->manifest, &error);
    if (r > 0)
        return version_envelope_refuse(failure, "signed", error.text);
    if (r)
        return r;
    r = version_content_check(&envelope->manifest, arena, &failure->error);
    return r == VERSION_CONTENT_E_INVALID ? VERSIONS_E_INVALID : r;
}

int version_envelope_parse(const void *bytes, size_t size, struct arena *arena,
                           struct version_envelope *ret_envelope, struct versions_failure *failure)
{
    static const int outcomes[] = {
        [ENVELOPE_E_SYNTAX] = VERSIONS_E_SYNTAX,
        [ENVELOPE_E_TOO_LARGE] = VERSIONS_E_LARGE,
        [ENVELOPE_E_UNKNOWN] = VERSIONS_E_UNKNOWN,
        [ENVELOPE_E_INVALID] = VERSIONS_E_INVALID,
    };
    int r;

    r = envelope_parse(bytes, size, MANIFEST_SIZE_MAX, arena, &ret_envelope->envelope,
                       &failure->error);
    if (r)
        return r > 0 ? outcomes[r] : r;
    return version_envelope_decode(ret_envelope, arena, failure);
}

static int refuse_signature(const struct envelope_verdict *verdict, const struct key *keys,
                            size_t key_count, struct arena *arena, struct versions_failure *failure)
{
    failure->keyids = arena_array(arena, key_count, sizeof(*failure->keyids));
    failure->keyid_count = key_count;
    for (size_t i = 0; i < key_count; i++)
        memcpy(failure->keyids[i], keys[i].id, KEY_ID_SIZE);
    failure->bad_count = verdict->bad_count;
    failure->unknown_count = verdict->unknown_count;
    return VERSIONS_E_SIGNATURE;
}

int version_envelope_verify(struct db *db, int64_t model_id, struct arena *arena,
                            struct version_envelope *envelope, struct versions_failure *failure)
{
    struct key *keys;
    size_t key_count;
    int r;

    r = keys_lock(db, model_id, arena, &keys, &key_count);
    if (r)
        return r;
    r = envelope_verify(&envelope->envelope, keys, key_count, 1, &envelope->verdict);
    if (r < 0)
        return r;
    if (r == ENVELOPE_E_UNVERIFIED || envelope->verdict.bad_count > 0)
        return refuse_signature(&envelope->verdict, keys, key_count, arena, failure);
    return 0;
}

int version_envelope_keyids(const struct version_envelope *envelope, struct arena *arena,
                            uint8_t **ret_keyids)
{
    const struct envelope_verdict *verdict = &envelope->verdict;
    uint8_t *keyids = arena_array(arena, verdict->count, DIGEST_SHA256_SIZE);

    for (size_t i = 0; i < verdict->count; i++) {
        if (!text_unhex(verdict->keyids[i], keyids + i * DIGEST_SHA256_SIZE, DIGEST_SHA256_SIZE))
            return log_fail(ERR_INTERNAL, "a keyid is not 64 hex digits");
    }
    *ret_keyids = keyids;
    return 0;
}
