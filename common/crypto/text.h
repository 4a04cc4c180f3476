/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_TEXT_H
#define CRYPTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes as text: lower-case hexadecimal, and standard base64 (RFC 4648, 4, padded). */

/* ret_hex holds 2 * size + 1 characters. */
void text_hex(const uint8_t *bytes, size_t size, char *ret_hex);

/* Exactly size bytes from exactly 2 * size digits, either case. */
bool text_unhex(const char *hex, uint8_t *ret_bytes, size_t size);

#define TEXT_BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)

/* ret_text holds TEXT_BASE64_SIZE(size) characters. */
void text_base64(const uint8_t *bytes, size_t size, char *ret_text);

/* At most capacity bytes; ret_size says how many. False where the text is not base64 or longer. */
bool text_unbase64(const char *text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size);

#endif
