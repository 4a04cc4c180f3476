/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Chunks: the first byte says in what pieces the rest arrives. The cuts keep their limits and are
 * those of the whole.
 */

#include "fuzz.h"

#include "delta/chunker.h"

static const struct chunker_params params = {64, 256, 1024};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size > 0 && data[0] > 0 ? data[0] : 1;
    struct chunker whole;
    struct chunker pieced;
    size_t in_chunk = 0;
    size_t offset = 0;

    chunker_init(&whole, &params);
    chunker_init(&pieced, &params);
    while (offset < size) {
        bool boundary;
        size_t end = offset + chunker_feed(&whole, data + offset, size - offset, &boundary);

        in_chunk = end - offset;
        FUZZ_HOLDS(in_chunk > 0 && in_chunk <= params.max_bytes);
        FUZZ_HOLDS(boundary ? in_chunk >= params.min_bytes : end == size);
        while (offset < end) {
            size_t left = end - offset;
            bool cut;
            size_t taken = chunker_feed(&pieced, data + offset, left < piece ? left : piece, &cut);

            offset += taken;
            FUZZ_HOLDS(taken > 0 && offset <= end);
            FUZZ_HOLDS(cut == (boundary && offset == end));
        }
    }
    return 0;
}
