/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/chunker.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SIZE ((size_t)2 << 20)
#define CUTS_MAX 1024

struct cuts {
    size_t ends[CUTS_MAX]; /* offsets behind each chunk */
    size_t count;
};

/* xorshift64, from a fixed state: the same bytes everywhere, whatever the byte order. */
static void fill(uint8_t *bytes, size_t size, uint64_t state)
{
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)(state >> 32);
    }
}

/* Cuts bytes that arrive in pieces of at most `piece`. */
static void cut(const uint8_t *bytes, size_t size, size_t piece, struct cuts *ret_cuts)
{
    struct chunker_params params = CHUNKER_DEFAULTS;
    struct chunker chunker;
    size_t offset = 0;
    bool boundary = true;

    ret_cuts->count = 0;
    chunker_init(&chunker, &params);
    while (offset < size) {
        size_t left = size - offset;
        size_t offered = left < piece ? left : piece;
        size_t taken = chunker_feed(&chunker, bytes + offset, offered, &boundary);

        if (taken == 0 || (!boundary && taken != offered))
            ck_abort_msg("took %zu of %zu bytes", taken, offered);
        offset += taken;
        if (boundary)
            ret_cuts->ends[ret_cuts->count++] = offset;
    }
    if (!boundary)
        ret_cuts->ends[ret_cuts->count++] = size;
}

static void assert_equal(const struct cuts *a, const struct cuts *b)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_mem_eq(a->ends, b->ends, a->count * sizeof(a->ends[0]));
}

/* The cuts are part of what is stored: a change here ends deduplication against older chunks. */
START_TEST(cuts_where_it_always_did)
{
    static const size_t expected[] = {68430,  147070, 216786, 286961,
                                      385805, 459557, 477745, 555839};
    AUTO_FREE uint8_t *bytes = malloc(SIZE);
    struct cuts cuts;

    fill(bytes, SIZE, 42);
    cut(bytes, SIZE, SIZE, &cuts);
    ck_assert_uint_ge(cuts.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        ck_assert_uint_eq(cuts.ends[i], expected[i]);
}
END_TEST

START_TEST(does_not_depend_on_how_bytes_arrive)
{
    static const size_t pieces[] = {7, 4096, 16383, 16384, 16385, 65536, 262145};
    AUTO_FREE uint8_t *bytes = malloc(SIZE);
    struct cuts whole;
    struct cuts pieced;

    fill(bytes, SIZE, 1);
    cut(bytes, SIZE, SIZE, &whole);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        cut(bytes, SIZE, pieces[i], &pieced);
        assert_equal(&whole, &pieced);
    }
    cut(bytes, SIZE / 8, SIZE, &whole);
    cut(bytes, SIZE / 8, 1, &pieced);
    assert_equal(&whole, &pieced);
}
END_TEST

START_TEST(goes_on_at_any_boundary)
{
    AUTO_FREE uint8_t *bytes = malloc(SIZE);
    struct cuts whole;
    struct cuts rest;

    fill(bytes, SIZE, 2);
    cut(bytes, SIZE, SIZE, &whole);
    for (size_t i = 0; i + 1 < whole.count; i++) {
        cut(bytes + whole.ends[i], whole.ends[i + 1] - whole.ends[i], SIZE, &rest);
        ck_assert_uint_eq(rest.count, 1);
        ck_assert_uint_eq(rest.ends[0] + whole.ends[i], whole.ends[i + 1]);
    }
}
END_TEST

START_TEST(keeps_sizes_within_limits_and_near_the_average)
{
    struct chunker_params params = CHUNKER_DEFAULTS;
    AUTO_FREE uint8_t *bytes = malloc(4 * SIZE);
    struct cuts cuts;
    size_t begin = 0;

    fill(bytes, 4 * SIZE, 3);
    cut(bytes, 4 * SIZE, 4 * SIZE, &cuts);
    for (size_t i = 0; i < cuts.count; begin = cuts.ends[i++]) {
        if (i + 1 < cuts.count)
            ck_assert_uint_ge(cuts.ends[i] - begin, params.min_bytes);
        ck_assert_uint_le(cuts.ends[i] - begin, params.max_bytes);
    }
    ck_assert_uint_gt(4 * SIZE / cuts.count, params.avg_bytes * 3 / 4);
    ck_assert_uint_lt(4 * SIZE / cuts.count, params.avg_bytes * 3 / 2);
}
END_TEST

START_TEST(bytes_without_content_give_the_largest_chunks)
{
    struct chunker_params params = CHUNKER_DEFAULTS;
    AUTO_FREE uint8_t *bytes = calloc(1, SIZE);
    struct cuts cuts;

    cut(bytes, SIZE, 5000, &cuts);
    ck_assert_uint_eq(cuts.count, SIZE / params.max_bytes);
}
END_TEST

/* How many of b's chunk contents are not in a. */
static size_t count_new(const uint8_t *a, const struct cuts *a_cuts, const uint8_t *b,
                        const struct cuts *b_cuts)
{
    size_t fresh = 0;

    for (size_t i = 0; i < b_cuts->count; i++) {
        size_t begin = i ? b_cuts->ends[i - 1] : 0;
        size_t size = b_cuts->ends[i] - begin;
        bool known = false;

        for (size_t j = 0; j < a_cuts->count && !known; j++) {
            size_t a_begin = j ? a_cuts->ends[j - 1] : 0;

            known = a_cuts->ends[j] - a_begin == size && memcmp(a + a_begin, b + begin, size) == 0;
        }
        fresh += !known;
    }
    return fresh;
}

START_TEST(an_insertion_changes_few_chunks)
{
    static const size_t places[] = {0, 1, 20000, SIZE / 2, SIZE - 10};
    AUTO_FREE uint8_t *bytes = malloc(SIZE);
    AUTO_FREE uint8_t *longer = malloc(SIZE + 3);
    struct cuts cuts;
    struct cuts longer_cuts;

    fill(bytes, SIZE, 4);
    cut(bytes, SIZE, SIZE, &cuts);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        memcpy(longer, bytes, places[i]);
        memcpy(longer + places[i], "new", 3);
        memcpy(longer + places[i] + 3, bytes + places[i], SIZE - places[i]);
        cut(longer, SIZE + 3, SIZE, &longer_cuts);
        ck_assert_uint_le(count_new(bytes, &cuts, longer, &longer_cuts), 4);
    }
}
END_TEST

START_TEST(takes_other_sizes)
{
    const struct chunker_params params = {64, 128, 256};
    AUTO_FREE uint8_t *bytes = malloc(65536);
    struct chunker chunker;
    size_t offset = 0;
    size_t count = 0;

    fill(bytes, 65536, 5);
    chunker_init(&chunker, &params);
    while (offset < 65536) {
        bool boundary;
        size_t taken = chunker_feed(&chunker, bytes + offset, 65536 - offset, &boundary);

        if (taken > 256 || (boundary && taken < 64))
            ck_abort_msg("a chunk of %zu bytes", taken);
        offset += taken;
        count++;
    }
    ck_assert_uint_gt(count, 65536 / 256);
    ck_assert_uint_lt(count, 65536 / 64);
}
END_TEST

int main(void)
{
    return SUITE_RUN("delta/chunker", cuts_where_it_always_did, does_not_depend_on_how_bytes_arrive,
                     goes_on_at_any_boundary, keeps_sizes_within_limits_and_near_the_average,
                     bytes_without_content_give_the_largest_chunks, an_insertion_changes_few_chunks,
                     takes_other_sizes);
}
