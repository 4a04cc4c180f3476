/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/reclaim.h"

#include "fixture.h"
#include "suite.h"

#define MIB ((size_t)1 << 20)

static void reclaim_all(struct fixture *fixture, int64_t now_ms, struct reclaim_result *total)
{
    struct reclaim_result result;

    *total = (struct reclaim_result){0};
    do {
        ck_assert_int_eq(
            reclaim_step(fixture->db,
                         &(struct reclaim_options){.now_ms = now_ms, .unused_grace_ms = 1000},
                         &result),
            0);
        total->artifacts += result.artifacts;
        total->bytes += result.bytes;
        total->uploads += result.uploads;
        total->contents += result.contents;
        total->chunks += result.chunks;
    } while (result.more);
}

START_TEST(frees_what_an_expired_upload_stored)
{
    uint8_t *bytes = fixture_bytes(5 * MIB, 1);
    struct reclaim_result result;
    struct fixture fixture;
    struct upload upload;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, 5 * MIB);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 3 * MIB), 0);

    reclaim_all(&fixture, FIXTURE_EXPIRES_MS - 1, &result);
    ck_assert_int_eq(result.uploads, 0);
    ck_assert_int_eq(result.chunks, 0);

    reclaim_all(&fixture, FIXTURE_EXPIRES_MS, &result);
    ck_assert_int_eq(result.uploads, 1);
    ck_assert_int_gt(result.chunks, 0);
    ck_assert_int_eq(fixture_count(&fixture, "chunks", "SELECT count(*) FROM chunk"), 0);
    ck_assert_int_eq(fixture_count(&fixture, "pages", "SELECT count(*) FROM chunk_page"), 0);
    ck_assert_int_eq(fixture_count(&fixture, "contents", "SELECT count(*) FROM content"), 0);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(keeps_chunks_that_an_artifact_shares)
{
    uint8_t *bytes = fixture_bytes(6 * MIB, 2);
    struct reclaim_result result;
    struct fixture fixture;
    struct upload upload;
    int64_t chunks;

    fixture_init(&fixture);
    fixture_store(&fixture, bytes, 3 * MIB);
    chunks = fixture_count(&fixture, "chunks1", "SELECT count(*) FROM chunk");
    upload = fixture_upload(&fixture, bytes, 6 * MIB);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 5 * MIB), 0);
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, upload.id), 0);
    reclaim_all(&fixture, FIXTURE_NOW_MS, &result);
    ck_assert_int_gt(result.chunks, 0);
    ck_assert_int_eq(fixture_count(&fixture, "chunks2", "SELECT count(*) FROM chunk"), chunks);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(forgets_complete_uploads_and_keeps_their_artifacts)
{
    uint8_t *bytes = fixture_bytes(1000, 3);
    struct reclaim_result result;
    struct fixture fixture;

    fixture_init(&fixture);
    fixture_store(&fixture, bytes, 1000);
    reclaim_all(&fixture, FIXTURE_EXPIRES_MS, &result);
    ck_assert_int_eq(result.uploads, 1);
    ck_assert_int_eq(result.chunks, 0);
    ck_assert_int_eq(fixture_count(&fixture, "artifacts", "SELECT count(*) FROM artifact"), 1);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(frees_early_cuts_that_were_replaced)
{
    uint8_t *bytes = fixture_bytes(100000, 4);
    struct reclaim_result result;
    struct fixture fixture;
    struct upload upload;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, 100000);
    for (size_t at = 0; at < 100000; at += 1000) {
        ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes + at, 1000), 0);
        upload = fixture_find(&fixture, &upload);
    }
    reclaim_all(&fixture, FIXTURE_NOW_MS, &result);
    ck_assert_int_eq(fixture_count(&fixture, "orphans",
                                   "SELECT count(*) FROM chunk c WHERE NOT EXISTS "
                                   "(SELECT FROM content_chunk r WHERE r.chunk_id = c.id)"),
                     0);
    ck_assert_int_eq(fixture_count(&fixture, "bytes",
                                   "SELECT sum(size_bytes) FROM chunk JOIN content_chunk ON "
                                   "chunk_id = chunk.id"),
                     100000);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

/* An upload found a chunk; before it refers to it, the chunk is reclaimed. */
START_TEST(never_takes_a_chunk_from_under_an_upload)
{
    uint8_t *bytes = fixture_bytes(8 * MIB, 5);
    struct reclaim_result result;
    struct fixture fixture;
    struct upload old;
    struct upload upload;
    struct ingest *ingest;
    struct db *other;

    fixture_init(&fixture);
    other = fixture_connect(&fixture);
    old = fixture_upload(&fixture, bytes, 8 * MIB);
    ck_assert_int_eq(fixture_append(fixture.db, &old, bytes, 7 * MIB), 0);
    upload = fixture_upload(&fixture, bytes, 8 * MIB);
    ingest = fixture_open(other, &upload, false);
    ck_assert_int_eq(fixture_feed(ingest, bytes, 6 * MIB, SIZE_MAX), 0);
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, old.id), 0);
    reclaim_all(&fixture, FIXTURE_NOW_MS, &result);
    ck_assert_int_eq(fixture_feed(ingest, bytes + 6 * MIB, 2 * MIB, SIZE_MAX), 0);
    ck_assert_int_eq(ingest_accept(ingest), 0);
    ingest_free(ingest);
    ck_assert_int_eq(fixture_count(&fixture, "whole",
                                   "SELECT sum(size_bytes) FROM chunk JOIN content_chunk ON "
                                   "chunk_id = chunk.id"),
                     8 * (int64_t)MIB);
    ck_assert_int_eq(
        fixture_count(&fixture, "stored", "SELECT sum(octet_length(data)) FROM chunk_page"),
        8 * (int64_t)MIB);
    db_free(other);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(frees_an_artifact_that_no_version_has)
{
    uint8_t *bytes = fixture_bytes(3 * MIB, 6);
    struct reclaim_result result;
    struct fixture fixture;
    int64_t now_ms;

    fixture_init(&fixture);
    fixture_store(&fixture, bytes, 3 * MIB);
    now_ms = fixture_count(&fixture, "now", "SELECT ms(now())");
    reclaim_all(&fixture, now_ms, &result);
    ck_assert_int_eq(result.artifacts, 0);
    reclaim_all(&fixture, now_ms + 3600 * 1000, &result);
    ck_assert_int_eq(result.artifacts, 1);
    ck_assert_int_eq(result.bytes, 3 * (int64_t)MIB);
    ck_assert_int_eq(fixture_count(&fixture, "artifacts", "SELECT count(*) FROM artifact"), 0);
    ck_assert_int_eq(fixture_count(&fixture, "pages", "SELECT count(*) FROM chunk_page"), 0);
    fixture_store(&fixture, bytes, 3 * MIB);
    ck_assert_int_eq(
        fixture_count(&fixture, "stored", "SELECT sum(octet_length(data)) FROM chunk_page"),
        3 * (int64_t)MIB);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "blob/reclaim", frees_what_an_expired_upload_stored, keeps_chunks_that_an_artifact_shares,
        forgets_complete_uploads_and_keeps_their_artifacts, frees_early_cuts_that_were_replaced,
        never_takes_a_chunk_from_under_an_upload, frees_an_artifact_that_no_version_has);
}
