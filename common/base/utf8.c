/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_sequence(const unsigned char *bytes, size_t size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length;
    uint32_t point;

    if (size == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 0;
    length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (length > size)
        return 0;
    point = bytes[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3fU);
    }
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return length;
}

/* How many bytes at the start are well-formed. */
static size_t valid_prefix(const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t length = utf8_sequence((const unsigned char *)bytes + done, size - done);

        if (length == 0)
            break;
        done += length;
    }
    return done;
}

bool utf8_valid(const char *bytes, size_t size)
{
    return valid_prefix(bytes, size) == size;
}

void utf8_trim(char *text)
{
    text[valid_prefix(text, strlen(text))] = '\0';
}
