/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/artifact_source.h"

#include "blob/read.h"
#include "fixture.h"
#include "suite.h"

#define SIZE ((size_t)3 << 20)

static struct artifact_source stored(struct fixture *fixture, const uint8_t *bytes,
                                     struct artifact_source_buffer *buffer)
{
    struct artifact_source source = {.buffer = buffer};
    uint8_t sha256[DIGEST_SHA256_SIZE];

    fixture_store(fixture, bytes, SIZE);
    digest_sha256(bytes, SIZE, sha256);
    ck_assert_int_eq(read_find(fixture->db, FIXTURE_WORKSPACE, sha256, &source.artifact), 0);
    return source;
}

START_TEST(reads_two_artifacts_in_turns_through_one_buffer)
{
    static const size_t offsets[] = {0, SIZE - 70000, 1000000, 1000001, 999999, 5};
    uint8_t *bytes[2] = {fixture_bytes(SIZE, 1), fixture_bytes(SIZE, 2)};
    struct artifact_source_buffer buffer = {0};
    struct artifact_source sources[2];
    struct fixture fixture;
    uint8_t read[65536];

    fixture_init(&fixture);
    buffer.db = fixture.db;
    for (size_t i = 0; i < 2; i++)
        sources[i] = stored(&fixture, bytes[i], &buffer);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        for (size_t j = 0; j < 2; j++) {
            struct source source = artifact_source_of(&sources[j]);

            ck_assert_uint_eq(source.size, SIZE);
            ck_assert_int_eq(source.read(source.object, offsets[i], read, sizeof(read)), 0);
            ck_assert_int_eq(memcmp(read, bytes[j] + offsets[i], sizeof(read)), 0);
        }
    }
    artifact_source_release(&buffer);
    free(bytes[0]);
    free(bytes[1]);
    fixture_release(&fixture);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/artifact_source", reads_two_artifacts_in_turns_through_one_buffer);
}
