/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modelferry.h"

#include "world.h"

#include <poll.h>

static struct mf_slot *open_slot(const struct world *world, const char *name)
{
    struct mf_options options = {.size = sizeof(options), .state_dir = world->path};
    struct mf_slot *slot = NULL;

    ck_assert_int_eq(mf_slot_open(name, &options, &slot), 0);
    return slot;
}

static void serve(const struct world *world, const char *version, const char *text,
                  char ret_id[static SLOT_ID_SIZE])
{
    world_install(world, "main", version, text, ret_id);
    ck_assert_int_eq(slot_point(&world->store, "main", SLOT_LINK_CURRENT, ret_id), 0);
}

static bool is_readable(const struct mf_slot *slot)
{
    struct pollfd fd = {.fd = mf_slot_fd(slot), .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

START_TEST(gives_the_current_model)
{
    struct world world;
    struct mf_slot *slot;
    struct mf_model *model = NULL;
    char id[SLOT_ID_SIZE];
    char text[16] = "";
    int fd;

    world_init(&world);
    serve(&world, "1.0.0", "weights", id);
    slot = open_slot(&world, "main");
    ck_assert_int_eq(mf_slot_changed(slot), 1);
    ck_assert_int_eq(mf_model_acquire(slot, &model), 0);
    ck_assert_int_eq(mf_slot_changed(slot), 0);
    ck_assert_str_eq(mf_model_name(model), "digits");
    ck_assert_str_eq(mf_model_version(model), "1.0.0");
    ck_assert_str_eq(mf_model_variant(model), "onnx/cpu/fp32");
    ck_assert_str_eq(mf_model_id(model), id);
    ck_assert_uint_eq(mf_model_file_count(model), 1);
    ck_assert_str_eq(mf_model_file(model, 0), "model.onnx");
    ck_assert_ptr_null(mf_model_file(model, 1));
    ck_assert_ptr_null(mf_model_path(model, "other"));
    ck_assert_int_eq(mf_model_open(model, "other", &fd), MF_E_ARGUMENT);
    ck_assert_int_eq(mf_model_open(model, NULL, &fd), 0);
    ck_assert_int_eq(read(fd, text, sizeof(text)), 7);
    ck_assert_str_eq(text, "weights");
    ck_assert_str_eq(strrchr(mf_model_path(model, NULL), '/'), "/model.onnx");
    (void)close(fd);
    mf_slot_close(slot);
    ck_assert_str_eq(mf_model_version(model), "1.0.0"); /* outlives its slot */
    mf_model_release(model);
    world_release(&world);
}
END_TEST

START_TEST(waits_for_a_slot_that_is_not_there_yet)
{
    struct world world;
    struct mf_slot *slot;
    struct mf_model *model = NULL;
    char id[SLOT_ID_SIZE];

    world_init(&world);
    slot = open_slot(&world, "main");
    ck_assert_int_eq(mf_slot_changed(slot), 0);
    ck_assert_int_eq(mf_model_acquire(slot, &model), MF_E_NONE);
    serve(&world, "1.0.0", "weights", id);
    ck_assert(is_readable(slot));
    ck_assert_int_eq(mf_slot_changed(slot), 1);
    ck_assert_int_eq(mf_model_acquire(slot, &model), 0);
    mf_model_release(model);
    mf_slot_close(slot);
    world_release(&world);
}
END_TEST

START_TEST(tells_of_a_new_one_and_holds_the_old)
{
    struct world world;
    struct mf_slot *slot;
    struct mf_model *old = NULL;
    struct mf_model *new = NULL;
    char first[SLOT_ID_SIZE];
    char second[SLOT_ID_SIZE];

    world_init(&world);
    serve(&world, "1.0.0", "weights", first);
    slot = open_slot(&world, "main");
    ck_assert_int_eq(mf_model_acquire(slot, &old), 0);
    ck_assert_int_eq(mf_model_ready(old), 0);
    ck_assert_int_eq(mf_slot_gap_us(slot), -1);
    ck_assert_int_eq(mf_slot_changed(slot), 0);
    serve(&world, "1.1.0", "better", second);
    ck_assert(is_readable(slot));
    ck_assert_int_eq(mf_slot_changed(slot), 1);
    ck_assert(!is_readable(slot));
    ck_assert_int_eq(mf_slot_changed(slot), 1);
    ck_assert_int_eq(mf_model_acquire(slot, &new), 0);
    ck_assert_int_eq(slot_remove_version(&world.store, "main", first), SLOT_E_IN_USE);
    ck_assert_int_eq(mf_model_ready(new), 0);
    ck_assert_int_eq(mf_slot_gap_us(slot), 0); /* the old one served until then */
    ck_assert_ptr_eq(mf_model_retain(old), old);
    mf_model_release(old);
    ck_assert_int_eq(slot_remove_version(&world.store, "main", first), SLOT_E_IN_USE);
    mf_model_release(old);
    ck_assert_int_eq(slot_remove_version(&world.store, "main", first), 0);
    mf_model_release(new);
    mf_slot_close(slot);
    world_release(&world);
}
END_TEST

START_TEST(measures_from_when_it_stopped)
{
    struct world world;
    struct mf_slot *slot;
    struct mf_model *model = NULL;
    char id[SLOT_ID_SIZE];

    world_init(&world);
    serve(&world, "1.0.0", "weights", id);
    slot = open_slot(&world, "main");
    mf_slot_pause(slot); /* nothing served yet: no gap begins */
    ck_assert_int_eq(mf_model_acquire(slot, &model), 0);
    ck_assert_int_eq(mf_model_ready(model), 0);
    ck_assert_int_eq(mf_slot_gap_us(slot), -1);
    mf_model_release(model);
    (void)poll(NULL, 0, 2);
    ck_assert_int_eq(mf_model_acquire(slot, &model), 0);
    ck_assert_int_eq(mf_model_ready(model), 0);
    ck_assert_int_ge(mf_slot_gap_us(slot), 2000);
    mf_slot_pause(slot);
    (void)poll(NULL, 0, 2);
    ck_assert_int_eq(mf_model_ready(model), 0);
    ck_assert_int_ge(mf_slot_gap_us(slot), 2000);
    mf_model_release(model);
    mf_slot_close(slot);
    world_release(&world);
}
END_TEST

START_TEST(does_not_offer_again_what_failed)
{
    struct world world;
    struct mf_slot *slot;
    struct mf_model *old = NULL;
    struct mf_model *new = NULL;
    char first[SLOT_ID_SIZE];
    char second[SLOT_ID_SIZE];

    world_init(&world);
    serve(&world, "1.0.0", "weights", first);
    slot = open_slot(&world, "main");
    ck_assert_int_eq(mf_model_acquire(slot, &old), 0);
    ck_assert_int_eq(mf_model_ready(old), 0);
    serve(&world, "1.1.0", "better", second);
    ck_assert_int_eq(mf_model_acquire(slot, &new), 0);
    ck_assert_int_eq(mf_model_failed(new, NULL), 0);
    mf_model_release(new);
    ck_assert_int_eq(mf_slot_changed(slot), 0);
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, first), 0);
    ck_assert_int_eq(mf_slot_changed(slot), 0); /* what it never left */
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, second), 0);
    ck_assert_int_eq(mf_slot_changed(slot), 1); /* tried anew */
    mf_model_release(old);
    mf_slot_close(slot);
    world_release(&world);
}
END_TEST

START_TEST(refuses_what_leads_elsewhere)
{
    static const char *const names[] = {"", ".", "..", "a/b", "../main", "Main", NULL};
    static const char *const targets[] = {"/etc", "versions/../../../..", "versions/a/b"};
    struct world world;
    struct mf_slot *slot = NULL;
    struct mf_model *model = NULL;

    world_init(&world);
    for (size_t i = 0; names[i]; i++)
        ck_assert_int_eq(mf_slot_open(names[i], NULL, &slot), MF_E_ARGUMENT);
    ck_assert_int_eq(mf_slot_open(NULL, NULL, &slot), MF_E_ARGUMENT);
    ck_assert_int_eq(slot_create(&world.store, "main"), 0);
    slot = open_slot(&world, "main");
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        ck_assert_int_eq(file_replace_link(world.store.dir_fd, "models/main/current", targets[i]),
                         0);
        ck_assert_int_eq(mf_model_acquire(slot, &model), MF_E_BROKEN);
        ck_assert_int_eq(mf_slot_changed(slot), 0);
    }
    mf_slot_close(slot);
    mf_slot_close(NULL);
    mf_model_release(NULL);
    world_release(&world);
}
END_TEST

START_TEST(has_words_for_errors)
{
    for (int error = MF_E_BROKEN; error <= 0; error++)
        ck_assert_str_ne(mf_error_text(error), "unknown error");
    ck_assert_str_eq(mf_error_text(-99), "unknown error");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib/modelferry");
    TCase *tcase = tcase_create("modelferry");

    tcase_add_test(tcase, gives_the_current_model);
    tcase_add_test(tcase, waits_for_a_slot_that_is_not_there_yet);
    tcase_add_test(tcase, tells_of_a_new_one_and_holds_the_old);
    tcase_add_test(tcase, measures_from_when_it_stopped);
    tcase_add_test(tcase, does_not_offer_again_what_failed);
    tcase_add_test(tcase, refuses_what_leads_elsewhere);
    tcase_add_test(tcase, has_words_for_errors);
    return world_run(suite, tcase);
}
