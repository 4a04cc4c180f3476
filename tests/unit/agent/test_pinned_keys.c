/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pinned_keys.h"

#include "tuf/key_file.h"
#include "world.h"

/* A key pair, and the path of its key file in the world. */
static struct key_pair make_key(const struct world *world, const char *name, char *ret_path,
                                size_t size)
{
    struct key_pair pair;

    ck_assert_int_eq(key_generate(name, &pair), 0);
    (void)snprintf(ret_path, size, "%s/%s.json", world->path, name);
    ck_assert_int_eq(key_file_write(AT_FDCWD, ret_path, &pair, true), 0);
    return pair;
}

static int verdict(const struct pinned_keys *trust, struct key_pair *pair, char *ret_detail)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(envelope_release) struct envelope envelope = {0};
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(4096);
    struct fields_error error;
    json_t *signed_part = json_pack("{s:s}", "model", "digits");
    struct signer signer = {0};

    if (pair)
        signer = key_signer(pair);
    ck_assert_int_eq(envelope_build(signed_part, &signer, pair ? 1 : 0, &bytes), 0);
    json_decref(signed_part);
    ck_assert_int_eq(envelope_parse(bytes.bytes, bytes.size, 4096, &arena, &envelope, &error), 0);
    return pinned_keys_verify(trust, "digits", &envelope, ret_detail);
}

START_TEST(believes_pinned_keys_only)
{
    struct world world;
    struct pinned_keys trust = {0};
    char detail[PINNED_KEYS_DETAIL_SIZE];
    char path[128];
    char other_path[128];
    struct key_pair pinned;
    struct key_pair other;

    world_init(&world);
    ck_assert_int_eq(pinned_keys_load(&world.store, &trust, detail), PINNED_KEYS_E_NONE);
    pinned = make_key(&world, "pinned", path, sizeof(path));
    other = make_key(&world, "other", other_path, sizeof(other_path));
    ck_assert_int_eq(pinned_keys_add(&world.store, path, detail), 0);
    ck_assert_int_eq(pinned_keys_add(&world.store, path, detail), 0);
    ck_assert_int_eq(pinned_keys_load(&world.store, &trust, detail), 0);
    ck_assert_uint_eq(trust.count, 1);
    ck_assert_int_eq(verdict(&trust, &pinned, detail), 0);
    ck_assert_int_eq(verdict(&trust, &other, detail), PINNED_KEYS_E_UNVERIFIED);
    ck_assert_ptr_nonnull(strstr(detail, "does not trust"));
    ck_assert_int_eq(verdict(&trust, NULL, detail), PINNED_KEYS_E_UNVERIFIED);
    ck_assert_ptr_nonnull(strstr(detail, "not signed"));
    pinned_keys_release(&trust);
    key_pair_release(&pinned);
    key_pair_release(&other);
    world_release(&world);
}
END_TEST

START_TEST(keeps_no_secret_of_a_publisher)
{
    struct world world;
    char detail[PINNED_KEYS_DETAIL_SIZE];
    char path[128];
    char pinned_path[SLOT_PATH_SIZE];
    char *text = NULL;
    struct key_pair pair;

    world_init(&world);
    pair = make_key(&world, "release", path, sizeof(path));
    ck_assert_int_eq(pinned_keys_add(&world.store, path, detail), 0);
    (void)snprintf(pinned_path, sizeof(pinned_path), "identity/trust/%s.json", pair.key.id);
    ck_assert_int_eq(file_read(world.store.dir_fd, pinned_path, 4096, &text, NULL), 0);
    ck_assert_ptr_null(strstr(text, "secret"));
    free(text);
    key_pair_release(&pair);
    world_release(&world);
}
END_TEST

START_TEST(says_what_is_wrong_with_a_key_file)
{
    struct world world;
    char detail[PINNED_KEYS_DETAIL_SIZE] = "";
    char path[128];

    world_init(&world);
    ck_assert_int_eq(pinned_keys_add(&world.store, "/nonexistent", detail), PINNED_KEYS_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(detail, "/nonexistent"));
    world_write(&world, "junk", "{}");
    (void)snprintf(path, sizeof(path), "%s/junk", world.path);
    ck_assert_int_eq(pinned_keys_add(&world.store, path, detail), PINNED_KEYS_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(detail, "junk"));
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/pinned_keys");
    TCase *tcase = tcase_create("trust");

    tcase_add_test(tcase, believes_pinned_keys_only);
    tcase_add_test(tcase, keeps_no_secret_of_a_publisher);
    tcase_add_test(tcase, says_what_is_wrong_with_a_key_file);
    return world_run(suite, tcase);
}
