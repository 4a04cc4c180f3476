/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The chunk index: what the database says about a chunk and its pages is put together, as if a
 * stranger had written it. Input: size and stored bytes (4 bytes each, big-endian), encoding (1),
 * then pages: number (1), length (2), bytes.
 */

#include "fuzz.h"

#include "blob/blob.h"
#include "blob/pages.h"

#include <string.h>

struct input {
    const uint8_t *bytes;
    size_t left;
};

static uint32_t take(struct input *input, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++) {
        value = value << 8 | (input->left > 0 ? *input->bytes : 0);
        if (input->left > 0) {
            input->bytes++;
            input->left--;
        }
    }
    return value;
}

static void put_all(struct pages_chunk *chunk, struct input *input)
{
    while (input->left > 3) {
        int64_t n = (int8_t)take(input, 1);
        size_t size = take(input, 2);

        if (size > input->left)
            size = input->left;
        (void)!pages_put(chunk, n, input->bytes, size);
        input->bytes += size;
        input->left -= size;
        FUZZ_HOLDS(chunk->stored_have <= chunk->shape.stored_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.bytes = data, .left = size};
    struct pages_coder coder = {0};
    struct pages_chunk chunk;
    struct pages_shape shape = {
        .size_bytes = take(&input, 4) % (BLOB_CHUNK_MAX * 2),
        .stored_bytes = take(&input, 4),
    };
    uint8_t *stored;
    uint8_t *bytes;

    shape.encoding = (int8_t)take(&input, 1);
    if (shape.stored_bytes > PAGES_MAX * BLOB_PAGE_BYTES) {
        FUZZ_HOLDS(pages_begin(&chunk, &shape, NULL) == PAGES_E_DAMAGED);
        return 0;
    }
    stored = malloc(shape.stored_bytes + 1);
    bytes = malloc(shape.size_bytes + 1);
    FUZZ_HOLDS(stored && bytes);
    if (pages_begin(&chunk, &shape, stored) == 0) {
        put_all(&chunk, &input);
        (void)!pages_end(&coder, &chunk, bytes);
    }
    pages_coder_release(&coder);
    free(stored);
    free(bytes);
    return 0;
}
