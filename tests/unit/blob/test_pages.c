/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/pages.h"

#include "base/cleanup.h"
#include "blob/blob.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SIZE ((size_t)100000)

START_TEST(compresses_only_where_it_pays)
{
    CLEANUP(pages_coder_release) struct pages_coder coder = {0};
    uint8_t *bytes = calloc(1, SIZE);
    uint8_t *encoded = malloc(SIZE);
    size_t stored = 0;

    ck_assert_int_eq(pages_encode(&coder, bytes, SIZE, encoded, SIZE, &stored), PAGES_ZSTD);
    ck_assert_uint_lt(stored, 1000);
    srand(1);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(rand() >> 7);
    ck_assert_int_eq(pages_encode(&coder, bytes, SIZE, encoded, SIZE, &stored), PAGES_RAW);
    free(bytes);
    free(encoded);
}
END_TEST

START_TEST(takes_pages_in_any_order)
{
    CLEANUP(pages_coder_release) struct pages_coder coder = {0};
    struct pages_shape shape = {.size_bytes = 20000, .stored_bytes = 20000, .encoding = PAGES_RAW};
    struct pages_chunk chunk;
    uint8_t stored[20000];
    uint8_t bytes[20000];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    ck_assert_int_eq(pages_begin(&chunk, &shape, stored), 0);
    for (int n = 2; n >= 0; n--) {
        size_t start = (size_t)n * BLOB_PAGE_BYTES;
        size_t size = n == 2 ? sizeof(bytes) - start : BLOB_PAGE_BYTES;

        ck_assert_int_eq(pages_put(&chunk, n, bytes + start, size), 0);
    }
    ck_assert_int_eq(pages_end(&coder, &chunk, stored), 0);
    ck_assert_int_eq(memcmp(stored, bytes, sizeof(bytes)), 0);
}
END_TEST

START_TEST(notices_damage)
{
    CLEANUP(pages_coder_release) struct pages_coder coder = {0};
    static const struct pages_shape bad[] = {
        {.size_bytes = 10, .stored_bytes = 0,          .encoding = PAGES_RAW },
        {.size_bytes = 10, .stored_bytes = 9,          .encoding = PAGES_RAW },
        {.size_bytes = 10, .stored_bytes = UINT32_MAX, .encoding = PAGES_ZSTD},
        {.size_bytes = 10, .stored_bytes = 10,         .encoding = 2         },
        {.size_bytes = 10, .stored_bytes = 10,         .encoding = -1        },
    };
    struct pages_shape shape = {.size_bytes = 9000, .stored_bytes = 9000, .encoding = PAGES_RAW};
    struct pages_chunk chunk;
    uint8_t stored[9000] = {0};
    uint8_t decoded[9000];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_int_eq(pages_begin(&chunk, &bad[i], stored), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_begin(&chunk, &shape, stored), 0);
    ck_assert_int_eq(pages_put(&chunk, -1, stored, 10), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_put(&chunk, 2, stored, 10), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_put(&chunk, INT64_MAX, stored, 10), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_put(&chunk, 0, stored, BLOB_PAGE_BYTES - 1), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_put(&chunk, 0, decoded, BLOB_PAGE_BYTES), 0);
    ck_assert_int_eq(pages_put(&chunk, 0, decoded, BLOB_PAGE_BYTES), PAGES_E_DAMAGED);
    ck_assert_int_eq(pages_end(&coder, &chunk, stored), PAGES_E_DAMAGED);

    shape = (struct pages_shape){.size_bytes = 9000, .stored_bytes = 100, .encoding = PAGES_ZSTD};
    memset(decoded, 0, sizeof(decoded));
    ck_assert_int_eq(pages_begin(&chunk, &shape, stored), 0);
    ck_assert_int_eq(pages_put(&chunk, 0, decoded, 100), 0);
    ck_assert_int_eq(pages_end(&coder, &chunk, decoded), PAGES_E_DAMAGED);
}
END_TEST

START_TEST(refuses_frames_that_decode_to_another_size)
{
    CLEANUP(pages_coder_release) struct pages_coder coder = {0};
    uint8_t bytes[5000] = {0};
    uint8_t encoded[5000];
    uint8_t stored[5000];
    uint8_t decoded[6000];
    struct pages_chunk chunk;
    size_t size;

    ck_assert_int_eq(pages_encode(&coder, bytes, sizeof(bytes), encoded, sizeof(encoded), &size),
                     PAGES_ZSTD);
    for (uint32_t claimed = 4999; claimed <= 5001; claimed++) {
        struct pages_shape shape = {
            .size_bytes = claimed, .stored_bytes = (uint32_t)size, .encoding = PAGES_ZSTD};

        ck_assert_int_eq(pages_begin(&chunk, &shape, stored), 0);
        ck_assert_int_eq(pages_put(&chunk, 0, encoded, size), 0);
        ck_assert_int_eq(pages_end(&coder, &chunk, decoded), claimed == 5000 ? 0 : PAGES_E_DAMAGED);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/pages", compresses_only_where_it_pays, takes_pages_in_any_order,
                     notices_damage, refuses_frames_that_decode_to_another_size);
}
