/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys of every scheme, and signatures by them. A first line is a key object; what follows is a
 * signature in hex, a newline, and the message. A key that parses is written back as the same key;
 * whatever verifies, does not verify any more once a bit of signature or message is another.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "tuf/key.h"

#include <string.h>

#define LINE_MAX_SIZE 8192

/* Up to the newline, which is consumed. False: there is none, or it is too far. */
static bool take_line(const uint8_t **data, size_t *size, char ret_line[static LINE_MAX_SIZE])
{
    const uint8_t *end = memchr(*data, '\n', *size);
    size_t length = end ? (size_t)(end - *data) : 0;

    if (!end || length >= LINE_MAX_SIZE)
        return false;
    memcpy(ret_line, *data, length);
    ret_line[length] = '\0';
    *size -= length + 1;
    *data = end + 1;
    return true;
}

static void check_key(const struct key *key)
{
    json_auto_t *object = key_to_json(key);
    AUTO_FREE char *pem = key_to_pem(key);
    struct fields_error error = {0};
    struct key again;

    FUZZ_HOLDS(object && pem && key->public_size > 0 && key->public_size <= KEY_PUBLIC_MAX);
    FUZZ_HOLDS(strlen(key->id) == KEY_ID_SIZE - 1);
    FUZZ_HOLDS(key_parse(object, &again, &error) == 0);
    FUZZ_HOLDS(key_equal(key, &again));
    FUZZ_HOLDS(strcmp(key_scheme_name(key), key_scheme_name(&again)) == 0);
}

static void check_signature(const struct key *key, const char *hex, const uint8_t *message,
                            size_t size)
{
    uint8_t signature[KEY_SIGNATURE_MAX + 1];
    size_t signature_size = strlen(hex) / 2;
    AUTO_FREE uint8_t *copy = malloc(size + 1);

    if (!copy || strlen(hex) % 2 != 0 || signature_size > KEY_SIGNATURE_MAX ||
        !text_unhex(hex, signature, signature_size))
        return;
    memcpy(copy, message, size);
    copy[size] = 0;
    if (!key_verify(key, copy, size, signature, signature_size))
        return;
    FUZZ_HOLDS(!key_verify(key, copy, size + 1, signature, signature_size));
    FUZZ_HOLDS(!key_verify(key, copy, size, signature, signature_size - 1));
    signature[signature_size - 1] ^= 1;
    FUZZ_HOLDS(!key_verify(key, copy, size, signature, signature_size));
    signature[signature_size - 1] ^= 1;
    copy[0] ^= 1;
    FUZZ_HOLDS(!key_verify(key, copy, size ? size : 1, signature, signature_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LINE_MAX_SIZE];
    json_auto_t *object = NULL;
    struct fields_error error = {0};
    struct key key;

    if (!take_line(&data, &size, line))
        return 0;
    object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    if (!object)
        return 0;
    if (key_parse(object, &key, &error)) {
        FUZZ_HOLDS(error.text[0]);
        return 0;
    }
    check_key(&key);
    if (take_line(&data, &size, line))
        check_signature(&key, line, data, size);
    return 0;
}
