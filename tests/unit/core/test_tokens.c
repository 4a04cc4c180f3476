/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tokens.h"

#include "core/workspaces.h"
#include "database.h"
#include "suite.h"

#include <string.h>

#define NOW_MS ((int64_t)1000000000000)
#define MINUTE_MS 60000

struct fixture {
    struct db *db;
    struct arena arena;
    struct q_token token;
    char secret[SECRET_TOKEN_SIZE];
};

static void make(struct fixture *fixture, int64_t expires_in_s)
{
    const struct tokens_draft draft = {1, "ci", "publisher", &audit_server, expires_in_s};

    *fixture = (struct fixture){.db = database_new()};
    ck_assert(secret_init());
    ck_assert_int_eq(tokens_create(fixture->db, &draft, NOW_MS, &fixture->arena, &fixture->token,
                                   fixture->secret),
                     0);
}

static int authenticate(struct fixture *fixture, int64_t now_ms)
{
    struct q_token who;
    int r = tokens_authenticate(fixture->db, fixture->secret, now_ms, &fixture->arena, &who);

    if (!r)
        ck_assert_int_eq(who.id, fixture->token.id);
    return r;
}

static void release(struct fixture *fixture)
{
    arena_release(&fixture->arena);
    db_free(fixture->db);
}

START_TEST(a_token_works_until_it_expires)
{
    struct fixture fixture;

    make(&fixture, 10);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS), 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS + 9999), 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS + 10000), TOKENS_E_REFUSED);
    release(&fixture);
}
END_TEST

START_TEST(a_token_works_until_it_is_revoked)
{
    struct fixture fixture;

    make(&fixture, 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS), 0);
    ck_assert_int_eq(tokens_revoke(fixture.db, 2, fixture.token.id, &audit_server, NOW_MS),
                     TOKENS_E_MISSING);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS), 0);
    ck_assert_int_eq(tokens_revoke(fixture.db, 1, fixture.token.id, &audit_server, NOW_MS), 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS), TOKENS_E_REFUSED);
    release(&fixture);
}
END_TEST

START_TEST(a_use_is_noted_at_most_once_a_minute)
{
    struct fixture fixture;

    make(&fixture, 0);
    ck_assert_int_eq(fixture.token.last_used_ms, 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS), 0);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS + MINUTE_MS - 1), 0);
    ck_assert_int_eq(database_number(fixture.db, "SELECT ms(last_used_at) FROM api_token"), NOW_MS);
    ck_assert_int_eq(authenticate(&fixture, NOW_MS + MINUTE_MS), 0);
    ck_assert_int_eq(database_number(fixture.db, "SELECT ms(last_used_at) FROM api_token"),
                     NOW_MS + MINUTE_MS);
    release(&fixture);
}
END_TEST

START_TEST(what_is_no_api_token_is_refused)
{
    static const char *const texts[] = {
        "",
        "mft_",
        "mft",
        "mfd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "mft_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    struct fixture fixture;
    struct q_token who;

    make(&fixture, 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(tokens_authenticate(fixture.db, texts[i], NOW_MS, &fixture.arena, &who),
                         TOKENS_E_REFUSED);
    release(&fixture);
}
END_TEST

START_TEST(a_wrong_draft_is_refused)
{
    static const struct {
        struct tokens_draft draft;
        int outcome;
    } cases[] = {
        {{1, "", "viewer", &audit_server, 0},                        TOKENS_E_NAME  },
        {{1, "a\nb", "viewer", &audit_server, 0},                    TOKENS_E_NAME  },
        {{1, "a", "root", &audit_server, 0},                         TOKENS_E_ROLE  },
        {{1, "a", "viewer", &audit_server, -1},                      TOKENS_E_EXPIRY},
        {{1, "a", "viewer", &audit_server, TOKENS_EXPIRY_MAX_S + 1}, TOKENS_E_EXPIRY},
    };
    struct fixture fixture;

    make(&fixture, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_int_eq(tokens_create(fixture.db, &cases[i].draft, NOW_MS, &fixture.arena,
                                       &fixture.token, fixture.secret),
                         cases[i].outcome);
    release(&fixture);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/tokens", a_token_works_until_it_expires,
                     a_token_works_until_it_is_revoked, a_use_is_noted_at_most_once_a_minute,
                     what_is_no_api_token_is_refused, a_wrong_draft_is_refused);
}
