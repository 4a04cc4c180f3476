/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/segment.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static void fill(uint8_t *bytes, size_t size)
{
    uint32_t x = 1;

    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24);
    }
}

/* Chunks are without gaps, within their limits, and hash to what they say. */
static void expect_chunks(const struct segment *segment)
{
    size_t at = 0;

    for (size_t i = 0; i < segment->count; i++) {
        const struct segment_chunk *chunk = &segment->chunks[i];
        uint8_t digest[DIGEST_SHA256_SIZE];

        ck_assert_uint_eq(chunk->start, at);
        ck_assert_uint_le(chunk->size_bytes, BLOB_CHUNK_MAX);
        digest_sha256(segment->bytes + chunk->start, chunk->size_bytes, digest);
        ck_assert_int_eq(memcmp(digest, chunk->digest, sizeof(digest)), 0);
        at += chunk->size_bytes;
    }
    ck_assert_uint_eq(at, segment->cut);
}

/* The digest's state is that of the content up to the last cut. */
static void expect_digest(const struct segment *segment, const uint8_t *content)
{
    struct digest_sha256 state = segment->digest;
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint8_t expected[DIGEST_SHA256_SIZE];

    digest_sha256_final(&state, digest);
    digest_sha256(content, segment->start_byte + segment->cut, expected);
    ck_assert_int_eq(memcmp(digest, expected, sizeof(digest)), 0);
}

START_TEST(cuts_the_same_in_pieces_and_across_segments)
{
    const size_t size = 3 * SEGMENT_CAPACITY;
    uint8_t *content = malloc(size);
    struct segment segments[2] = {0};
    struct digest_sha256 empty;
    size_t cuts[3] = {0};

    fill(content, size);
    digest_sha256_init(&empty);
    ck_assert_int_eq(segment_init(&segments[0]), 0);
    ck_assert_int_eq(segment_init(&segments[1]), 0);
    for (size_t round = 0; round < 3; round++) {
        static const size_t steps[] = {1000, 65536, SIZE_MAX};
        size_t current = 0;
        size_t at = 0;

        segment_start(&segments[0], 0, &empty);
        while (at < size) {
            struct segment *segment = &segments[current];
            size_t step = steps[round];

            if (step > SEGMENT_CAPACITY - segment->used)
                step = SEGMENT_CAPACITY - segment->used;
            if (step > size - at)
                step = size - at;
            memcpy(segment->bytes + segment->used, content + at, step);
            segment_add(segment, step);
            at += step;
            if (!segment_full(segment))
                continue;
            expect_chunks(segment);
            expect_digest(segment, content);
            cuts[round] += segment->count;
            segment_carry(segment, &segments[1 - current]);
            current = 1 - current;
        }
        (void)segment_close(&segments[current]);
        expect_chunks(&segments[current]);
        expect_digest(&segments[current], content);
        cuts[round] += segments[current].count;
    }
    ck_assert_uint_eq(cuts[0], cuts[1]);
    ck_assert_uint_eq(cuts[0], cuts[2]);
    segment_release(&segments[0]);
    segment_release(&segments[1]);
    free(content);
}
END_TEST

START_TEST(goes_on_with_a_chunk_that_was_cut_early)
{
    const size_t size = 2 * MIB;
    uint8_t *content = malloc(size);
    struct segment whole = {0};
    struct segment resumed = {0};
    struct digest_sha256 empty;
    struct digest_sha256 state;
    const struct segment_chunk *third;
    size_t cut;

    fill(content, size);
    digest_sha256_init(&empty);
    ck_assert_int_eq(segment_init(&whole), 0);
    ck_assert_int_eq(segment_init(&resumed), 0);
    segment_start(&whole, 0, &empty);
    memcpy(whole.bytes, content, size);
    segment_add(&whole, size);
    ck_assert_uint_gt(whole.count, 4);
    third = &whole.chunks[2];

    /* The bytes had ended within the third chunk. */
    cut = third->start + third->size_bytes / 2;
    state = empty;
    digest_sha256_update(&state, content, cut);
    segment_start(&resumed, third->start, &state);
    segment_prepend(&resumed, content + third->start, cut - third->start);
    memcpy(resumed.bytes + resumed.used, content + cut, size - cut);
    segment_add(&resumed, size - cut);
    expect_chunks(&resumed);
    expect_digest(&resumed, content);
    ck_assert_int_eq(memcmp(resumed.chunks[0].digest, third->digest, DIGEST_SHA256_SIZE), 0);
    segment_release(&whole);
    segment_release(&resumed);
    free(content);
}
END_TEST

START_TEST(says_how_long_the_early_cut_is)
{
    struct digest_sha256 empty;
    struct segment segment = {0};

    digest_sha256_init(&empty);
    ck_assert_int_eq(segment_init(&segment), 0);
    segment_start(&segment, 0, &empty);
    ck_assert_uint_eq(segment_close(&segment), 0);
    ck_assert_uint_eq(segment.count, 0);
    fill(segment.bytes, 77);
    segment_add(&segment, 77);
    ck_assert_uint_eq(segment_close(&segment), 77);
    ck_assert_uint_eq(segment_close(&segment), 0);
    ck_assert_uint_eq(segment.count, 1);
    segment_release(&segment);
    segment_release(NULL);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/segment", cuts_the_same_in_pieces_and_across_segments,
                     goes_on_with_a_chunk_that_was_cut_early, says_how_long_the_early_cut_is);
}
