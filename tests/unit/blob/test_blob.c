/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/blob.h"

#include "blob/read.h"
#include "fixture.h"
#include "suite.h"

START_TEST(gives_a_reader_where_there_is_no_file)
{
    uint8_t *bytes = fixture_bytes(1000, 1);
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;
    struct blob_bytes source;
    struct fixture fixture;
    uint8_t slice[1000];
    struct blob *blob;
    size_t size;

    fixture_init(&fixture);
    fixture_store(&fixture, bytes, 1000);
    digest_sha256(bytes, 1000, sha256);
    ck_assert_int_eq(read_find(fixture.db, FIXTURE_WORKSPACE, sha256, &artifact), 0);
    ck_assert_int_eq(blob_new(&(struct blob_config){0}, &blob), 0);
    ck_assert_int_gt(blob->upload_expiry_ms, 0);
    ck_assert_int_eq(blob_open(blob, &artifact, &source), 0);
    ck_assert_int_eq(source.fd, -1);
    ck_assert_int_eq(source.read(source.object, fixture.db, 100, slice, sizeof(slice), &size), 0);
    ck_assert_uint_eq(size, 900);
    ck_assert_int_eq(memcmp(slice, bytes + 100, size), 0);
    free(source.object);
    blob_free(blob);
    blob_free(NULL);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/blob", gives_a_reader_where_there_is_no_file);
}
