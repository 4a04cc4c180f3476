/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tus.h"

#include "crypto/checksum.h"
#include "crypto/text.h"

#include <string.h>

#define PAIRS_MAX 32

bool tus_parse_number(const char *header, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (!*header)
        return false;
    for (; *header; header++) {
        unsigned digit = (unsigned)(*header - '0');

        if (digit > 9 || number > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

/* A stretch of a header. */
struct span {
    const char *start;
    size_t length;
};

static struct span trim(const char *start, size_t length)
{
    while (length > 0 && (*start == ' ' || *start == '\t')) {
        start++;
        length--;
    }
    while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
        length--;
    return (struct span){.start = start, .length = length};
}

/* Decodes the value of one pair; false where it is not base64 or longer than capacity. */
static bool decode(struct span value, uint8_t *bytes, size_t capacity, size_t *ret_size)
{
    char text[TUS_METADATA_MAX + 1];

    memcpy(text, value.start, value.length);
    text[value.length] = '\0';
    return text_unbase64(text, bytes, capacity, ret_size);
}

static bool is_key(struct span key)
{
    for (size_t i = 0; i < key.length; i++) {
        if (key.start[i] < 0x21 || key.start[i] > 0x7e)
            return false;
    }
    return key.length > 0;
}

static bool is_repeated(const struct span *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].length == keys[count].length &&
            memcmp(keys[i].start, keys[count].start, keys[i].length) == 0)
            return true;
    }
    return false;
}

/* The digest in a value: 64 hex digits. */
static bool take_digest(const uint8_t *value, size_t size, uint8_t *ret_sha256)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (size != sizeof(hex) - 1 || memchr(value, '\0', size))
        return false;
    memcpy(hex, value, size);
    hex[size] = '\0';
    return text_unhex(hex, ret_sha256, DIGEST_SHA256_SIZE);
}

int tus_parse_metadata(const char *header, uint8_t ret_sha256[static DIGEST_SHA256_SIZE])
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct span keys[PAIRS_MAX];
    bool found = false;
    size_t count = 0;

    if (strlen(header) > TUS_METADATA_MAX)
        return TUS_E_MALFORMED;
    while (true) {
        size_t length = strcspn(header, ",");
        struct span pair = trim(header, length);
        const char *space = memchr(pair.start, ' ', pair.length);
        size_t key_length = space ? (size_t)(space - pair.start) : pair.length;
        struct span value = trim(pair.start + key_length, pair.length - key_length);
        uint8_t bytes[TUS_METADATA_MAX];
        size_t size;

        if (count == PAIRS_MAX)
            return TUS_E_MALFORMED;
        keys[count] = (struct span){.start = pair.start, .length = key_length};
        if (!is_key(keys[count]) || is_repeated(keys, count) ||
            !decode(value, bytes, sizeof(bytes), &size))
            return TUS_E_MALFORMED;
        if (key_length == 6 && memcmp(pair.start, "sha256", 6) == 0) {
            found = take_digest(bytes, size, sha256);
            if (!found)
                return TUS_E_NO_DIGEST;
        }
        count++;
        if (header[length] == '\0')
            break;
        header += length + 1;
    }
    if (!found)
        return TUS_E_NO_DIGEST;
    memcpy(ret_sha256, sha256, sizeof(sha256));
    return 0;
}

int tus_parse_checksum(const char *header, struct tus_checksum *ret_checksum)
{
    struct tus_checksum checksum = {0};
    size_t name_length = strcspn(header, " ");
    size_t size;

    if (name_length == 0 || header[name_length] == '\0')
        return TUS_E_MALFORMED;
    if (name_length >= sizeof(checksum.algorithm))
        return TUS_E_ALGORITHM;
    memcpy(checksum.algorithm, header, name_length);
    size = checksum_size(checksum.algorithm);
    if (size == 0)
        return TUS_E_ALGORITHM;
    if (!text_unbase64(header + name_length + 1, checksum.digest, sizeof(checksum.digest),
                       &checksum.size) ||
        checksum.size != size)
        return TUS_E_MALFORMED;
    *ret_checksum = checksum;
    return 0;
}
