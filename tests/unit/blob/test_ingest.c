/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/ingest.h"

#include "blob/read.h"
#include "fixture.h"
#include "suite.h"

#define MIB ((size_t)1 << 20)

/* The artifact has exactly these bytes. */
static void expect_stored(struct fixture *fixture, const uint8_t *bytes, size_t size)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;
    uint8_t *slice = malloc(MIB);
    uint64_t offset = 0;

    digest_sha256(bytes, size, sha256);
    ck_assert_int_eq(read_find(fixture->db, FIXTURE_WORKSPACE, sha256, &artifact), 0);
    ck_assert_uint_eq(artifact.size_bytes, size);
    while (offset < size) {
        size_t have;

        ck_assert_int_eq(read_slice(fixture->db, &artifact, offset, slice, MIB, &have), 0);
        ck_assert_uint_gt(have, 0);
        ck_assert_int_eq(memcmp(slice, bytes + offset, have), 0);
        offset += have;
    }
    ck_assert_uint_eq(offset, size);
    free(slice);
}

START_TEST(stores_what_it_is_given)
{
    static const size_t sizes[] = {0,
                                   1,
                                   BLOB_PAGE_BYTES,
                                   BLOB_CHUNK_MIN + 1,
                                   BLOB_SEGMENT_BYTES,
                                   2 * BLOB_SEGMENT_BYTES + BLOB_CHUNK_MAX + 7};
    struct fixture fixture;

    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        uint8_t *bytes = fixture_bytes(sizes[i], i + 1);
        struct upload upload = fixture_upload(&fixture, bytes, sizes[i]);
        struct ingest *ingest = fixture_open(fixture.db, &upload, false);

        ck_assert_int_eq(fixture_feed(ingest, bytes, sizes[i], 123457), 0);
        ck_assert_int_eq(ingest_accept(ingest), 0);
        ck_assert_uint_eq(ingest_offset(ingest), sizes[i]);
        ck_assert_uint_eq(ingest_deduplicated(ingest), 0);
        ingest_free(ingest);
        expect_stored(&fixture, bytes, sizes[i]);
        ck_assert_int_eq(fixture_find(&fixture, &upload).content_id, 0);
        free(bytes);
    }
    fixture_release(&fixture);
}
END_TEST

START_TEST(stores_equal_bytes_once)
{
    const size_t size = 6 * MIB;
    uint8_t *bytes = fixture_bytes(size, 1);
    struct fixture fixture;
    struct upload upload;
    struct ingest *ingest;
    int64_t pages;

    fixture_init(&fixture);
    fixture_store(&fixture, bytes, size);
    pages = fixture_count(&fixture, "pages1", "SELECT count(*) FROM chunk_page");
    bytes[3 * MIB] ^= 1;
    upload = fixture_upload(&fixture, bytes, size);
    ingest = fixture_open(fixture.db, &upload, false);
    ck_assert_int_eq(fixture_feed(ingest, bytes, size, SIZE_MAX), 0);
    ck_assert_int_eq(ingest_accept(ingest), 0);
    ck_assert_uint_gt(ingest_deduplicated(ingest), 4 * MIB);
    ingest_free(ingest);
    expect_stored(&fixture, bytes, size);
    ck_assert_int_lt(fixture_count(&fixture, "pages2", "SELECT count(*) FROM chunk_page"),
                     pages + 2 * (int64_t)(BLOB_CHUNK_MAX / BLOB_PAGE_BYTES) + 2);
    free(bytes);
    fixture_release(&fixture);
}
END_TEST

START_TEST(compresses_what_is_repetitive)
{
    const size_t size = 20 * MIB;
    uint8_t *bytes = calloc(1, size);
    struct fixture fixture;

    fixture_init(&fixture);
    memset(bytes + size / 2, 'x', 4097);
    fixture_store(&fixture, bytes, size);
    expect_stored(&fixture, bytes, size);
    ck_assert_int_lt(fixture_count(&fixture, "pages", "SELECT count(*) FROM chunk_page"), 10);
    free(bytes);
    fixture_release(&fixture);
}
END_TEST

START_TEST(resumes_where_it_was_committed)
{
    const size_t size = 9 * MIB + 12345;
    uint8_t *bytes = fixture_bytes(size, 2);
    struct fixture fixture;
    struct upload upload;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, size);
    for (size_t at = 0; at < size;) {
        size_t step = at == 0 ? 5 * MIB + 1 : 1000003;

        if (step > size - at)
            step = size - at;
        ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes + at, step), 0);
        at += step;
        upload = fixture_find(&fixture, &upload);
        ck_assert_uint_eq(upload.offset_bytes, at);
    }
    expect_stored(&fixture, bytes, size);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(cuts_the_same_chunks_however_bytes_arrive)
{
    static const char distinct[] = "SELECT count(DISTINCT digest) FROM chunk c WHERE EXISTS "
                                   "(SELECT FROM content_chunk r JOIN artifact a USING "
                                   "(content_id) WHERE r.chunk_id = c.id)";
    const size_t size = 5 * MIB;
    uint8_t *bytes = fixture_bytes(size, 3);
    struct fixture fixture;
    struct upload upload;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    int64_t chunks;

    fixture_init(&fixture);
    digest_sha256(bytes, size, sha256);
    fixture_store(&fixture, bytes, size);
    chunks = fixture_count(&fixture, "chunks1", distinct);
    /* The same bytes again, as part of another artifact, in small requests. */
    upload = fixture_upload(&fixture, bytes, size - 1);
    for (size_t at = 0; at < size - 1; at = upload.offset_bytes) {
        size_t step = size - 1 - at < 70001 ? size - 1 - at : 70001;

        ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes + at, step), 0);
        upload = fixture_find(&fixture, &upload);
    }
    /* Only the last chunk differs. */
    ck_assert_int_le(fixture_count(&fixture, "chunks2", distinct), chunks + 1);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(keeps_whole_segments_of_a_writer_that_died)
{
    const size_t size = 12 * MIB;
    uint8_t *bytes = fixture_bytes(size, 4);
    struct fixture fixture;
    struct upload upload;
    struct ingest *ingest;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, size);
    ingest = fixture_open(fixture.db, &upload, false);
    ck_assert_int_eq(fixture_feed(ingest, bytes, 10 * MIB, SIZE_MAX), 0);
    ingest_free(ingest);
    upload = fixture_find(&fixture, &upload);
    ck_assert_uint_ge(upload.offset_bytes, BLOB_SEGMENT_BYTES);
    ck_assert_uint_lt(upload.offset_bytes, 10 * MIB);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes + upload.offset_bytes,
                                    size - upload.offset_bytes),
                     0);
    expect_stored(&fixture, bytes, size);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(keeps_nothing_staged_that_is_not_accepted)
{
    const size_t size = 12 * MIB;
    uint8_t *bytes = fixture_bytes(size, 5);
    struct fixture fixture;
    struct upload upload;
    struct ingest *ingest;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, size);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 100000), 0);
    upload = fixture_find(&fixture, &upload);
    ingest = fixture_open(fixture.db, &upload, true);
    ck_assert_int_eq(fixture_feed(ingest, bytes + size / 2, size / 2, SIZE_MAX), 0);
    ingest_free(ingest);
    upload = fixture_find(&fixture, &upload);
    ck_assert_uint_eq(upload.offset_bytes, 100000);

    ingest = fixture_open(fixture.db, &upload, true);
    ck_assert_int_eq(fixture_feed(ingest, bytes + 100000, size - 100000, SIZE_MAX), 0);
    ck_assert_int_eq(ingest_accept(ingest), 0);
    ingest_free(ingest);
    expect_stored(&fixture, bytes, size);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(refuses_a_second_writer)
{
    uint8_t *bytes = fixture_bytes(1000, 6);
    struct fixture fixture;
    struct upload upload;
    struct ingest_options options = {.upload = &upload, .expires_ms = FIXTURE_EXPIRES_MS};
    struct ingest *first;
    struct ingest *second;
    struct db *other;

    fixture_init(&fixture);
    other = fixture_connect(&fixture);
    upload = fixture_upload(&fixture, bytes, 1000);
    first = fixture_open(fixture.db, &upload, false);
    ck_assert_int_eq(ingest_new(other, &options, &second), INGEST_E_LOCKED);
    ck_assert_int_eq(fixture_feed(first, bytes, 500, SIZE_MAX), 0);
    ck_assert_int_eq(ingest_accept(first), 0);
    ingest_free(first);
    /* The lock is free, but the upload has moved on. */
    ck_assert_int_eq(ingest_new(other, &options, &second), INGEST_E_OFFSET);
    upload = fixture_find(&fixture, &upload);
    ck_assert_int_eq(fixture_append(other, &upload, bytes + 500, 500), 0);
    expect_stored(&fixture, bytes, 1000);
    db_free(other);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(frees_the_upload_when_the_writers_connection_dies)
{
    uint8_t *bytes = fixture_bytes(1000, 7);
    struct fixture fixture;
    struct upload upload;
    struct ingest *first;
    struct db *other;

    fixture_init(&fixture);
    other = fixture_connect(&fixture);
    upload = fixture_upload(&fixture, bytes, 1000);
    first = fixture_open(other, &upload, false);
    ck_assert_int_eq(fixture_feed(first, bytes, 500, SIZE_MAX), 0);
    ck_assert_int_eq(db_exec_script(fixture.db,
                                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                    "WHERE datname = current_database() "
                                    "AND pid <> pg_backend_pid()"),
                     0);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 1000), 0);
    ck_assert_int_ne(ingest_accept(first), 0);
    ingest_free(first);
    expect_stored(&fixture, bytes, 1000);
    db_free(other);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(removes_an_upload_with_the_wrong_digest)
{
    uint8_t *bytes = fixture_bytes(1000, 8);
    struct fixture fixture;
    struct upload upload;
    struct upload found;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, 1000);
    bytes[17] ^= 1;
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 1000), INGEST_E_DIGEST);
    ck_assert_int_eq(upload_find(fixture.db, &fixture.arena, FIXTURE_WORKSPACE, upload.id,
                                 FIXTURE_NOW_MS, &found),
                     UPLOAD_E_MISSING);
    ck_assert_int_eq(fixture_count(&fixture, "artifacts", "SELECT count(*) FROM artifact"), 0);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(refuses_more_than_was_announced)
{
    uint8_t *bytes = fixture_bytes(1001, 9);
    struct fixture fixture;
    struct upload upload;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, 1000);
    ck_assert_int_eq(fixture_append(fixture.db, &upload, bytes, 1001), INGEST_E_LENGTH);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(notices_that_the_upload_was_removed)
{
    uint8_t *bytes = fixture_bytes(12 * MIB, 10);
    struct fixture fixture;
    struct upload upload;
    struct ingest *ingest;
    struct db *other;
    int r;

    fixture_init(&fixture);
    other = fixture_connect(&fixture);
    upload = fixture_upload(&fixture, bytes, 12 * MIB);
    ingest = fixture_open(other, &upload, false);
    ck_assert_int_eq(fixture_feed(ingest, bytes, 1000, SIZE_MAX), 0);
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, upload.id), 0);
    r = fixture_feed(ingest, bytes + 1000, 12 * MIB - 1000, SIZE_MAX);
    if (r == 0)
        r = ingest_accept(ingest);
    ck_assert_int_eq(r, INGEST_E_GONE);
    ingest_free(ingest);
    db_free(other);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(lets_equal_artifacts_race)
{
    const size_t size = 9 * MIB;
    uint8_t *bytes = fixture_bytes(size, 11);
    struct fixture fixture;
    struct upload a;
    struct upload b;
    struct ingest *first;
    struct ingest *second;
    struct db *other;

    fixture_init(&fixture);
    other = fixture_connect(&fixture);
    a = fixture_upload(&fixture, bytes, size);
    b = fixture_upload(&fixture, bytes, size);
    first = fixture_open(fixture.db, &a, false);
    second = fixture_open(other, &b, false);
    for (size_t at = 0; at < size; at += MIB) {
        ck_assert_int_eq(fixture_feed(first, bytes + at, MIB, SIZE_MAX), 0);
        ck_assert_int_eq(fixture_feed(second, bytes + at, MIB, SIZE_MAX), 0);
    }
    ck_assert_int_eq(ingest_accept(second), 0);
    ck_assert_int_eq(ingest_accept(first), 0);
    ingest_free(first);
    ingest_free(second);
    expect_stored(&fixture, bytes, size);
    ck_assert_int_eq(fixture_count(&fixture, "twice",
                                   "SELECT count(*) FROM (SELECT FROM chunk_page GROUP BY "
                                   "md5(data) HAVING count(*) > 1) t"),
                     0);
    db_free(other);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/ingest", stores_what_it_is_given, stores_equal_bytes_once,
                     compresses_what_is_repetitive, resumes_where_it_was_committed,
                     cuts_the_same_chunks_however_bytes_arrive,
                     keeps_whole_segments_of_a_writer_that_died,
                     keeps_nothing_staged_that_is_not_accepted, refuses_a_second_writer,
                     frees_the_upload_when_the_writers_connection_dies,
                     removes_an_upload_with_the_wrong_digest, refuses_more_than_was_announced,
                     notices_that_the_upload_was_removed, lets_equal_artifacts_race);
}
