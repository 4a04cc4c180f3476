/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/text.h"

#include <sodium.h>
#include <string.h>

void text_hex(const uint8_t *bytes, size_t size, char *ret_hex)
{
    (void)sodium_bin2hex(ret_hex, 2 * size + 1, bytes, size);
}

bool text_unhex(const char *hex, uint8_t *ret_bytes, size_t size)
{
    size_t decoded;

    return strlen(hex) == 2 * size &&
           sodium_hex2bin(ret_bytes, size, hex, 2 * size, NULL, &decoded, NULL) == 0 &&
           decoded == size;
}

void text_base64(const uint8_t *bytes, size_t size, char *ret_text)
{
    (void)sodium_bin2base64(ret_text, TEXT_BASE64_SIZE(size), bytes, size,
                            sodium_base64_VARIANT_ORIGINAL);
}

bool text_unbase64(const char *text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    return sodium_base642bin(ret_bytes, capacity, text, strlen(text), NULL, ret_size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}
