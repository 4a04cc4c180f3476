/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Envelopes: nothing that was not signed verifies; what parses can be signed, and then verifies.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "tuf/envelope.h"

#define CEILING ((size_t)1 << 20)

/* Signs with a key of its own, for ever the same document: a signature cannot come from an input.
 */
static const struct key_pair *own_key(void)
{
    static struct key_pair pair;

    if (!pair.has_secret)
        FUZZ_HOLDS(key_generate("fuzz", &pair) == 0);
    return &pair;
}

static void sign_and_verify(const struct envelope *envelope)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(buffer_release) struct buffer text = BUFFER(8 * CEILING);
    CLEANUP(envelope_release) struct envelope again = {0};
    struct key_pair pair = *own_key();
    struct signer signer = key_signer(&pair);
    struct fields_error error;

    FUZZ_HOLDS(envelope_build(envelope->signed_part, &signer, 1, &text) == 0);
    FUZZ_HOLDS(envelope_parse(text.bytes, text.size, 8 * CEILING, &arena, &again, &error) == 0);
    FUZZ_HOLDS(json_equal(envelope->signed_part, again.signed_part));
    FUZZ_HOLDS(envelope_verify(&again, &pair.key, 1, 1, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(envelope_release) struct envelope envelope = {0};
    struct key key = own_key()->key;
    struct envelope_verdict verdict;
    struct fields_error error = {0};

    if (envelope_parse(data, size, CEILING, &arena, &envelope, &error)) {
        FUZZ_HOLDS(error.text[0]);
        return 0;
    }
    /* under whatever id the first signature names */
    if (envelope.signature_count > 0)
        (void)snprintf(key.id, sizeof(key.id), "%s", envelope.signatures[0].keyid);
    FUZZ_HOLDS(envelope_verify(&envelope, &key, 1, 1, &verdict) == ENVELOPE_E_UNVERIFIED);
    FUZZ_HOLDS(verdict.count + verdict.bad_count + verdict.unknown_count ==
               envelope.signature_count);
    sign_and_verify(&envelope);
    return 0;
}
