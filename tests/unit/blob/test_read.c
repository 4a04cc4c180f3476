/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/read.h"

#include "fixture.h"
#include "suite.h"

#include <stdio.h>

#define SIZE ((size_t)5 << 20)

static struct blob_artifact stored(struct fixture *fixture, const uint8_t *bytes, size_t size)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;

    fixture_store(fixture, bytes, size);
    digest_sha256(bytes, size, sha256);
    ck_assert_int_eq(read_find(fixture->db, FIXTURE_WORKSPACE, sha256, &artifact), 0);
    return artifact;
}

START_TEST(reads_from_any_byte)
{
    static const size_t offsets[] = {0, 1, 8119, 8120, 8121, 1000000, SIZE - 100, SIZE - 1};
    static const size_t capacities[] = {1, 4096, 100000, (size_t)1 << 20};
    uint8_t *bytes = fixture_bytes(SIZE, 1);
    uint8_t *slice = malloc((size_t)1 << 20);
    struct blob_artifact artifact;
    struct fixture fixture;

    fixture_init(&fixture);
    artifact = stored(&fixture, bytes, SIZE);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        for (size_t j = 0; j < sizeof(capacities) / sizeof(*capacities); j++) {
            size_t size = 0;

            ck_assert_int_eq(
                read_slice(fixture.db, &artifact, offsets[i], slice, capacities[j], &size), 0);
            ck_assert_uint_ge(size, 1);
            ck_assert_uint_le(size, capacities[j]);
            ck_assert_uint_le(offsets[i] + size, SIZE);
            ck_assert_int_eq(memcmp(slice, bytes + offsets[i], size), 0);
        }
    }
    free(slice);
    free(bytes);
    fixture_release(&fixture);
}
END_TEST

START_TEST(reads_chunks_that_repeat)
{
    uint8_t *bytes = calloc(1, SIZE);
    uint8_t *slice = malloc(SIZE);
    struct blob_artifact artifact;
    struct fixture fixture;
    size_t size;

    fixture_init(&fixture);
    artifact = stored(&fixture, bytes, SIZE);
    memset(slice, 1, SIZE);
    ck_assert_int_eq(read_slice(fixture.db, &artifact, 0, slice, SIZE, &size), 0);
    ck_assert_uint_eq(size, SIZE);
    ck_assert_int_eq(memcmp(slice, bytes, SIZE), 0);
    free(slice);
    free(bytes);
    fixture_release(&fixture);
}
END_TEST

START_TEST(never_gives_damaged_bytes)
{
    static const char *const damages[] = {
        "DELETE FROM chunk_page WHERE n = 0",
        "UPDATE chunk_page SET data = substr(data, 2) WHERE n = 0",
        "UPDATE chunk SET size_bytes = size_bytes + 1, stored_bytes = stored_bytes + 1",
        "UPDATE chunk SET encoding = 1",
        "DELETE FROM content_chunk WHERE start_byte = 0",
    };
    uint8_t *bytes = fixture_bytes(SIZE, 2);
    uint8_t *slice = malloc(SIZE);
    struct blob_artifact artifact;
    struct fixture fixture;

    fixture_init(&fixture);
    artifact = stored(&fixture, bytes, SIZE);
    for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        char sql[128];
        size_t size;

        (void)snprintf(sql, sizeof(sql), "BEGIN; %s", damages[i]);
        ck_assert_int_eq(db_exec_script(fixture.db, sql), 0);
        ck_assert_int_eq(read_slice(fixture.db, &artifact, 0, slice, SIZE, &size), ERR_INTERNAL);
        ck_assert_int_eq(db_exec_script(fixture.db, "ROLLBACK"), 0);
    }
    fixture_release(&fixture);
    free(slice);
    free(bytes);
}
END_TEST

START_TEST(keeps_workspaces_and_drafts_apart)
{
    uint8_t *bytes = fixture_bytes(100, 3);
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;
    struct fixture fixture;

    fixture_init(&fixture);
    (void)stored(&fixture, bytes, 100);
    digest_sha256(bytes, 100, sha256);
    ck_assert_int_eq(read_find(fixture.db, FIXTURE_WORKSPACE + 1, sha256, &artifact),
                     READ_E_MISSING);
    ck_assert_int_eq(read_find_published(fixture.db, FIXTURE_WORKSPACE, sha256, &artifact),
                     READ_E_MISSING);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/read", reads_from_any_byte, reads_chunks_that_repeat,
                     never_gives_damaged_bytes, keeps_workspaces_and_drafts_apart);
}
