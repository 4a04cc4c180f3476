/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/director.h"

#include "suite.h"
#include "trust_fixture.h"

static struct trust_fixture fixture;

static void set_up(void)
{
    trust_init(&fixture);
}

static void tear_down(void)
{
    trust_release(&fixture);
}

#define DEVICE                                                                                     \
    "INSERT INTO enrolment (workspace_id, name, token_sha256, uses_max, uses, attributes,"         \
    " created_at, created_by, expires_at) VALUES (1, 'e', pg_catalog.sha256('e'::bytea), 1, 1,"    \
    " '{}', now(), 'test', now());"                                                                \
    "INSERT INTO device (workspace_id, name, public_key, keyid, token_sha256, enrolment_id,"       \
    " attributes, assigned, enrolled_at) SELECT 1, 'cam', decode(repeat('22', 32), 'hex'),"        \
    " pg_catalog.sha256('k'::bytea), pg_catalog.sha256('t'::bytea), id, '{}', '{}', now()"         \
    " FROM enrolment;"                                                                             \
    "INSERT INTO device_state (device_id, workspace_id, capabilities) SELECT id, 1, 'onnx/cpu'"    \
    " FROM device;"
#define ASSIGN                                                                                     \
    "INSERT INTO assignment (workspace_id, sha256, slots, created_at) VALUES (1,"                  \
    " pg_catalog.sha256('a'::bytea), '{}', now());"                                                \
    "INSERT INTO assignment_slot SELECT 1, a.id, 'main', 'production', v.id, t.id"                 \
    " FROM assignment a, model_version v JOIN variant t ON t.version_id = v.id;"                   \
    "UPDATE device_state SET version = 1, assignment_id = (SELECT id FROM assignment)"

static void run(const char *sql)
{
    ck_assert_int_eq(db_exec_script(fixture.db, sql), 0);
}

static int files(struct q_director_files *ret_files)
{
    struct director_settings settings = {.vault = &fixture.vault, .lifetime_ms = TRUST_DAY_MS};

    return director_files(fixture.db, &settings, 1, fixture.now_ms, &fixture.arena, ret_files);
}

static void bootstrap(void)
{
    json_auto_t *root = trust_root(&fixture, "director", 1, 1, 1);

    ck_assert_int_eq(trust_submit(&fixture, "director", "root", root, 1), 0);
    ck_assert(fixture.result.in_force);
}

START_TEST(needs_a_root_and_a_device)
{
    struct q_director_files found;

    ck_assert_int_eq(files(&found), DIRECTOR_E_MISSING);
    run(DEVICE);
    ck_assert_int_eq(files(&found), DIRECTOR_E_NONE);
    bootstrap();
    fixture.vault.open = false;
    ck_assert_int_eq(files(&found), DIRECTOR_E_CLOSED);
}
END_TEST

START_TEST(an_empty_list_still_names_the_device)
{
    struct q_director_files found;

    run(DEVICE);
    bootstrap();
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(found.version, 1);
    ck_assert_ptr_nonnull(strstr(found.targets, "\"name\":\"cam\""));
    ck_assert_ptr_nonnull(strstr(found.targets, "\"targets\":{}"));
}
END_TEST

START_TEST(signs_only_when_there_is_something_to_say)
{
    struct q_director_files found;

    run(DEVICE);
    bootstrap();
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(found.version, 1);
    trust_version(&fixture, "1.0.0");
    run(ASSIGN);
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(found.version, 2);
    ck_assert_ptr_nonnull(strstr(found.targets, "digits/1.0.0/onnx/cpu/fp32/model.onnx"));
    ck_assert_ptr_nonnull(strstr(found.targets, "\"main\":{\"reload\":\"device\","
                                                "\"role\":\"production\""));
    fixture.now_ms += TRUST_DAY_MS / 2 - 1;
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(found.version, 2);
    fixture.now_ms += 2;
    ck_assert_int_eq(files(&found), 0);
    ck_assert_int_eq(found.version, 3);
}
END_TEST

static size_t count(const char *text, const char *words)
{
    size_t found = 0;

    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
        found++;
    return found;
}

START_TEST(says_how_each_slot_reloads)
{
    struct q_director_files found;

    run(DEVICE);
    bootstrap();
    trust_version(&fixture, "1.0.0");
    run(ASSIGN);
    run("UPDATE assignment_slot SET reload = 'restart'");
    ck_assert_int_eq(files(&found), 0);
    ck_assert_uint_eq(count(found.targets, "\"length\":"), 2);
    ck_assert_uint_eq(count(found.targets, "\"main\":{\"reload\":\"restart\","), 2);
}
END_TEST

/* Devices refuse it, and go on where it serves: a slot that is not named any more would be
 * reclaimed.
 */
START_TEST(goes_on_naming_what_was_yanked)
{
    struct q_director_files found;

    run(DEVICE);
    bootstrap();
    trust_version(&fixture, "1.0.0");
    run(ASSIGN);
    run("INSERT INTO version_listing SELECT id, 1, now(), now(), 'x' FROM model_version");
    ck_assert_int_eq(files(&found), 0);
    ck_assert_ptr_nonnull(strstr(found.targets, "digits/1.0.0/manifest.json"));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/director", set_up, tear_down, needs_a_root_and_a_device,
                          an_empty_list_still_names_the_device,
                          signs_only_when_there_is_something_to_say, says_how_each_slot_reloads,
                          goes_on_naming_what_was_yanked);
}
