/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/upload.h"

#include "fixture.h"
#include "suite.h"

static int announce(struct fixture *fixture, uint64_t length, uint8_t first,
                    struct upload_limits *limits)
{
    struct upload_draft draft = {
        .workspace_id = FIXTURE_WORKSPACE,
        .sha256 = {first},
        .length_bytes = length,
        .metadata = "sha256 eA==",
        .created_by = "test",
        .expires_ms = FIXTURE_EXPIRES_MS,
    };
    struct upload upload;

    return upload_create(fixture->db, &fixture->arena, &draft, &upload, limits);
}

static void set(struct fixture *fixture, const char *sql)
{
    ck_assert_int_eq(db_exec_script(fixture->db, sql), 0);
}

START_TEST(holds_the_limit_of_an_artifact)
{
    struct upload_limits limits = {0};
    struct fixture fixture;

    fixture_init(&fixture);
    set(&fixture, "UPDATE workspace SET artifact_limit_bytes = 5000000000");
    ck_assert_int_eq(announce(&fixture, 5000000000, 1, &limits), 0);
    ck_assert_int_eq(announce(&fixture, 5000000001, 2, &limits), UPLOAD_E_TOO_LARGE);
    ck_assert_uint_eq(limits.limit_bytes, 5000000000);
    ck_assert_int_eq(announce(&fixture, UINT64_MAX - 1, 3, &limits), UPLOAD_E_TOO_LARGE);
    fixture_release(&fixture);
}
END_TEST

START_TEST(counts_artifacts_and_announcements_against_the_quota)
{
    uint8_t *bytes = fixture_bytes(600, 1);
    struct upload_limits limits = {0};
    struct fixture fixture;

    fixture_init(&fixture);
    set(&fixture, "UPDATE workspace SET quota_bytes = 1000");
    fixture_store(&fixture, bytes, 600);
    ck_assert_int_eq(announce(&fixture, 300, 1, &limits), 0);
    ck_assert_int_eq(announce(&fixture, 101, 2, &limits), UPLOAD_E_QUOTA);
    ck_assert_uint_eq(limits.limit_bytes, 1000);
    ck_assert_uint_eq(limits.used_bytes, 900);
    ck_assert_int_eq(announce(&fixture, 100, 3, &limits), 0);
    /* What is there already needs no room. */
    fixture_store(&fixture, bytes, 600);
    fixture_release(&fixture);
    free(bytes);
}
END_TEST

START_TEST(finds_only_what_is_of_the_workspace_and_has_not_expired)
{
    static const char *const nonsense[] = {
        "",
        "x",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567+e89b-12d3-a456-426614174000",
        "{23e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-426614174000",
    };
    uint8_t bytes[10] = {0};
    struct fixture fixture;
    struct upload upload;
    struct upload found;

    fixture_init(&fixture);
    upload = fixture_upload(&fixture, bytes, sizeof(bytes));
    found = fixture_find(&fixture, &upload);
    ck_assert_uint_eq(found.length_bytes, sizeof(bytes));
    ck_assert_int_eq(found.expires_ms, FIXTURE_EXPIRES_MS);
    ck_assert_int_eq(upload_find(fixture.db, &fixture.arena, FIXTURE_WORKSPACE, upload.id,
                                 FIXTURE_EXPIRES_MS, &found),
                     UPLOAD_E_MISSING);
    ck_assert_int_eq(upload_find(fixture.db, &fixture.arena, FIXTURE_WORKSPACE + 1, upload.id,
                                 FIXTURE_NOW_MS, &found),
                     UPLOAD_E_MISSING);
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE + 1, upload.id), UPLOAD_E_MISSING);
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
        ck_assert_int_eq(upload_find(fixture.db, &fixture.arena, FIXTURE_WORKSPACE, nonsense[i],
                                     FIXTURE_NOW_MS, &found),
                         UPLOAD_E_MISSING);
        ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, nonsense[i]),
                         UPLOAD_E_MISSING);
    }
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, upload.id), 0);
    ck_assert_int_eq(upload_remove(fixture.db, FIXTURE_WORKSPACE, upload.id), UPLOAD_E_MISSING);
    fixture_release(&fixture);
}
END_TEST

int main(void)
{
    return SUITE_RUN("blob/upload", holds_the_limit_of_an_artifact,
                     counts_artifacts_and_announcements_against_the_quota,
                     finds_only_what_is_of_the_workspace_and_has_not_expired);
}
