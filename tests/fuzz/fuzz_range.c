/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Range and the entity tag lists: the first byte says how large the representation is. Ranges lie
 * within it and are together no longer than it.
 */

#include "fuzz.h"

#include "http/range.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char etag[] = "\"0123\"";
    struct range ranges[RANGE_MAX];
    uint64_t total = 0;
    uint64_t length;
    size_t count = 0;
    char *header;

    if (size == 0)
        return 0;
    length = data[0] == 255 ? UINT64_MAX : data[0];
    header = malloc(size);
    FUZZ_HOLDS(header != NULL);
    memcpy(header, data + 1, size - 1);
    header[size - 1] = '\0';
    if (range_parse(header, length, ranges, &count) == 0)
        FUZZ_HOLDS(count > 0 && count <= RANGE_MAX);
    for (size_t i = 0; i < count; i++) {
        FUZZ_HOLDS(ranges[i].length > 0 && ranges[i].first < length);
        FUZZ_HOLDS(ranges[i].length <= length - ranges[i].first);
        FUZZ_HOLDS(ranges[i].length <= length - total);
        total += ranges[i].length;
    }
    if (range_etag_in(header, etag, true))
        FUZZ_HOLDS(range_etag_in(header, etag, false));
    if (range_applies(header, etag))
        FUZZ_HOLDS(range_etag_in(header, etag, true));
    free(header);
    return 0;
}
