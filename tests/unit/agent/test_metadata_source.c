/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metadata_source.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "simulator.h"
#include "world.h"

static struct simulator sim;
static struct metadata_source source;

static void set_up(void)
{
    ck_assert(secret_init());
    simulator_init(&sim);
}

static void tear_down(void)
{
    metadata_source_release(&source);
    simulator_release(&sim);
}

/* Fetches a name with this source; -1: it is wanted. */
static int fetch(const char *name, size_t max_bytes, struct buffer *ret_bytes)
{
    struct updater_source updater = metadata_source_updater(&source);
    int r = updater.fetch(updater.state, name, max_bytes, ret_bytes);

    return metadata_source_wants(&source) ? -1 : r;
}

static void give(int outcome, const char *text)
{
    struct buffer bytes = BUFFER(65536);

    buffer_append_text(&bytes, text);
    ck_assert_int_eq(metadata_source_give(&source, outcome, &bytes), 0);
    ck_assert_ptr_null(bytes.bytes);
}

START_TEST(looks_into_the_bundle_first)
{
    json_auto_t *bundle =
        json_pack("{s:s, s:n, s:i}", "timestamp.json", "{}", "2.root.json", "3.root.json", 3);
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(100);

    source.bundle = bundle;
    ck_assert_int_eq(fetch("timestamp.json", 100, &bytes), 0);
    ck_assert_str_eq(bytes.bytes, "{}");
    ck_assert_int_eq(fetch("timestamp.json", 1, &bytes), UPDATER_FETCH_E_TOO_LONG);
    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), UPDATER_FETCH_E_MISSING);
    ck_assert_int_eq(source.outcome, UPDATER_FETCH_E_MISSING);
    ck_assert_int_eq(fetch("3.root.json", 100, &bytes), -1);
    ck_assert_int_eq(fetch("1.snapshot.json", 77, &bytes), -1);
    ck_assert_str_eq(source.wanted, "1.snapshot.json");
    ck_assert_uint_eq(source.wanted_bytes_max, 77);
}
END_TEST

START_TEST(gives_out_once_what_it_was_given)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(100);

    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), -1);
    give(0, "root");
    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), 0);
    ck_assert_str_eq(bytes.bytes, "root");
    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), -1);
    give(UPDATER_FETCH_E_MISSING, "");
    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), UPDATER_FETCH_E_MISSING);
    ck_assert_int_eq(fetch("2.root.json", 100, &bytes), UPDATER_FETCH_E_MISSING);
    ck_assert_int_eq(fetch("timestamp.json", 100, &bytes), -1);
    give(0, "time");
    ck_assert_int_eq(fetch("timestamp.json", 100, &bytes), 0);
    ck_assert_int_eq(fetch("timestamp.json", 100, &bytes), 0);
    ck_assert_int_eq(fetch("timestamp.json", 3, &bytes), UPDATER_FETCH_E_TOO_LONG);
}
END_TEST

START_TEST(a_name_or_a_number_beyond_all_bounds_fails)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(100);
    char name[2000];

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(fetch(name, 100, &bytes), UPDATER_FETCH_E_FAILED);
    for (size_t i = 0; i < METADATA_SOURCE_FILES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%zu.root.json", i);
        ck_assert_int_eq(fetch(name, 100, &bytes), -1);
        give(UPDATER_FETCH_E_MISSING, "");
    }
    ck_assert_int_eq(fetch("x.json", 100, &bytes), UPDATER_FETCH_E_FAILED);
}
END_TEST

/* ---- with an updater: it ends the same wherever the files come from */

static json_t *whole_bundle(void)
{
    json_t *bundle = json_object();

    for (size_t i = 0; i < sim.published.count; i++)
        (void)json_object_set_new(
            bundle, sim.published.files[i].name,
            json_stringn(sim.published.files[i].bytes.bytes, sim.published.files[i].bytes.size));
    return bundle;
}

/* Refreshes the simulator's store; what is wanted is fetched from what it published. */
static int refresh(unsigned *ret_fetches)
{
    struct updater_config config = {.limits = updater_limits_default, .now_ms = sim.now_ms};

    config.store = simulator_store(&sim);
    for (;;) {
        struct updater *updater;
        struct buffer bytes = BUFFER(65536);
        const struct buffer *file;
        int r;

        config.source = metadata_source_updater(&source);
        ck_assert_int_eq(updater_new(&config, &updater), 0);
        r = updater_refresh(updater);
        updater_free(updater);
        if (r != UPDATER_E_FETCH || !metadata_source_wants(&source))
            return r;
        file = simulator_file(&sim.published, source.wanted, false);
        if (file)
            buffer_append(&bytes, file->bytes, file->size);
        ck_assert_int_eq(metadata_source_give(&source, file ? 0 : UPDATER_FETCH_E_MISSING, &bytes),
                         0);
        (*ret_fetches)++;
    }
}

START_TEST(a_whole_bundle_leaves_only_the_end_of_roots_to_be_asked_for)
{
    json_auto_t *bundle = whole_bundle();
    unsigned fetches = 0;

    source.bundle = bundle;
    ck_assert_int_eq(refresh(&fetches), 0);
    ck_assert_uint_eq(fetches, 1);
}
END_TEST

START_TEST(without_a_bundle_it_gets_there_file_by_file)
{
    unsigned fetches = 0;

    for (int i = 0; i < 20; i++) { /* more rotations than files are held */
        simulator_rotate(&sim, "targets", 1, 1);
        simulator_publish_root(&sim);
    }
    simulator_publish_all(&sim);
    ck_assert_int_eq(refresh(&fetches), 0);
    ck_assert_uint_eq(fetches, 20 + 4); /* roots, their end, timestamp, snapshot, targets */
    ck_assert_int_eq(simulator_stored(&sim, "root"), 21);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/metadata_source");
    TCase *tcase = tcase_create("metadata_source");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, looks_into_the_bundle_first);
    tcase_add_test(tcase, gives_out_once_what_it_was_given);
    tcase_add_test(tcase, a_name_or_a_number_beyond_all_bounds_fails);
    tcase_add_test(tcase, a_whole_bundle_leaves_only_the_end_of_roots_to_be_asked_for);
    tcase_add_test(tcase, without_a_bundle_it_gets_there_file_by_file);
    return world_run(suite, tcase);
}
