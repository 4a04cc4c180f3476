/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trust.h"

#include "rootfile.h"
#include "tuf/key_file.h"

static struct world world;
static struct rootfile roots;
static char key_path[128];
static char key_file[128];
static char detail[TRUST_DETAIL_SIZE];

static void set_up(void)
{
    struct key_pair pair;

    world_init(&world);
    rootfile_init(&roots, &world, "roots");
    ck_assert_int_eq(key_generate("publisher", &pair), 0);
    (void)snprintf(key_file, sizeof(key_file), "%s/publisher.json", world.path);
    ck_assert_int_eq(key_file_write(AT_FDCWD, key_file, &pair, true), 0);
    (void)snprintf(key_path, sizeof(key_path), "identity/trust/%s.json", pair.key.id);
}

static void tear_down(void)
{
    world_release(&world);
}

static int enroll(const char *root_file, const char *key)
{
    const char *keys[] = {key};
    struct config config = {.root_file = root_file};

    config.trust.texts = keys;
    config.trust.count = key ? 1 : 0;
    return trust_enroll(&world.store, &config, detail);
}

static enum trust_mode loaded_mode(void)
{
    CLEANUP(trust_release) struct trust trust = {0};

    ck_assert_int_eq(trust_load(&world.store, &trust, detail), 0);
    return trust.mode;
}

START_TEST(somebody_must_be_trusted)
{
    struct trust trust = {0};

    ck_assert_int_eq(enroll(NULL, NULL), TRUST_E_NONE);
    ck_assert_int_eq(trust_load(&world.store, &trust, detail), TRUST_E_NONE);
    ck_assert_int_eq(enroll(roots.path, key_file), TRUST_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(detail, "either --root or --trust"));
    ck_assert_int_eq(enroll(NULL, NULL), TRUST_E_NONE);
}
END_TEST

START_TEST(enrolling_again_keeps_what_was_pinned)
{
    ck_assert_int_eq(enroll(NULL, key_file), 0);
    ck_assert_int_eq(enroll(NULL, NULL), 0);
    ck_assert_int_eq(loaded_mode(), TRUST_KEYS);
    ck_assert_int_eq(enroll(roots.path, NULL), 0);
    ck_assert_int_eq(enroll(NULL, NULL), 0);
    ck_assert_int_eq(loaded_mode(), TRUST_ROOTS);
}
END_TEST

START_TEST(roots_take_the_place_of_keys)
{
    ck_assert_int_eq(enroll(NULL, key_file), 0);
    ck_assert(world_has(&world, key_path));
    ck_assert_int_eq(enroll(roots.path, NULL), 0);
    ck_assert_int_eq(loaded_mode(), TRUST_ROOTS);
    ck_assert(!world_has(&world, key_path));
}
END_TEST

START_TEST(keys_never_take_the_place_of_roots)
{
    ck_assert_int_eq(enroll(roots.path, NULL), 0);
    ck_assert_int_eq(enroll(NULL, key_file), TRUST_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(detail, "trusts pinned roots"));
    ck_assert(!world_has(&world, key_path));
    ck_assert_int_eq(loaded_mode(), TRUST_ROOTS);
}
END_TEST

/* Not even where the roots cannot be read any more, or a crash left keys behind. */
START_TEST(damaged_roots_are_no_reason_to_trust_keys)
{
    struct trust trust = {0};

    ck_assert_int_eq(enroll(NULL, key_file), 0);
    world_write(&world, "identity/trust/roots.json", "damaged");
    ck_assert_int_eq(trust_load(&world.store, &trust, detail), TRUST_E_BROKEN);
    ck_assert_int_eq(enroll(NULL, key_file), TRUST_E_BROKEN);
    ck_assert_int_eq(enroll(roots.path, NULL), 0);
    ck_assert_int_eq(loaded_mode(), TRUST_ROOTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/trust");
    TCase *tcase = tcase_create("trust");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, somebody_must_be_trusted);
    tcase_add_test(tcase, enrolling_again_keeps_what_was_pinned);
    tcase_add_test(tcase, roots_take_the_place_of_keys);
    tcase_add_test(tcase, keys_never_take_the_place_of_roots);
    tcase_add_test(tcase, damaged_roots_are_no_reason_to_trust_keys);
    return world_run(suite, tcase);
}
