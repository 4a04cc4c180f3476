/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/store.h"

#include "db/q_chunk.h"
#include "fixture.h"
#include "suite.h"

struct job {
    struct store *store;
    struct segment *segment;
    uint64_t known_bytes;
};

static int store_it(struct db *db, void *arg)
{
    struct job *job = arg;

    return store_segment(job->store, db, job->segment, &job->known_bytes);
}

static void fill(struct segment *segment, const uint8_t *bytes, size_t size)
{
    struct digest_sha256 empty;

    digest_sha256_init(&empty);
    segment_start(segment, 0, &empty);
    memcpy(segment->bytes, bytes, size);
    segment_add(segment, size);
    (void)segment_close(segment);
}

START_TEST(stores_each_chunk_once_and_never_over_another)
{
    const size_t size = (size_t)2 << 20;
    uint8_t *bytes = fixture_bytes(size, 1);
    struct segment segment = {0};
    struct fixture fixture;
    int64_t contents[2];
    struct job job = {.segment = &segment};

    fixture_init(&fixture);
    ck_assert_int_eq(segment_init(&segment), 0);
    fill(&segment, bytes, size);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(q_chunk_content_new(fixture.db, FIXTURE_WORKSPACE, &contents[i]), 0);
        ck_assert_int_eq(store_new(FIXTURE_WORKSPACE, contents[i], &job.store), 0);
        ck_assert_int_eq(tx_run(fixture.db, store_it, &job), 0);
        ck_assert_uint_eq(job.known_bytes, i == 0 ? 0 : size);
        ck_assert_int_eq(tx_run(fixture.db, store_it, &job), STORE_E_OVERLAP);
        store_free(job.store);
    }
    ck_assert_int_eq(
        fixture_count(&fixture, "bytes", "SELECT sum(octet_length(data)) FROM chunk_page"),
        (int64_t)size);
    store_free(NULL);
    segment_release(&segment);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(stores_a_chunk_that_repeats_once)
{
    const size_t size = 8 * BLOB_CHUNK_MAX;
    uint8_t *bytes = calloc(1, size);
    struct segment segment = {0};
    struct fixture fixture;
    struct job job = {.segment = &segment};
    int64_t content;

    fixture_init(&fixture);
    ck_assert_int_eq(segment_init(&segment), 0);
    fill(&segment, bytes, size);
    ck_assert_int_eq(q_chunk_content_new(fixture.db, FIXTURE_WORKSPACE, &content), 0);
    ck_assert_int_eq(store_new(FIXTURE_WORKSPACE, content, &job.store), 0);
    ck_assert_int_eq(tx_run(fixture.db, store_it, &job), 0);
    ck_assert_uint_eq(job.known_bytes, size - segment.chunks[0].size_bytes);
    ck_assert_int_eq(fixture_count(&fixture, "chunks", "SELECT count(*) FROM chunk"), 1);
    store_free(job.store);
    segment_release(&segment);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/store", stores_each_chunk_once_and_never_over_another,
                     stores_a_chunk_that_repeats_once);
}
