/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/verify.h"

#include "turning.h"
#include "world.h"

struct verdict {
    bool happened;
    bool good;
};

static void on_done(void *state, bool good)
{
    struct verdict *verdict = state;

    verdict->happened = true;
    verdict->good = good;
}

START_TEST(tells_good_bytes_from_bad)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"weights", true },
        {"weightz", false}
    };
    struct turning turning;
    struct world world;
    uint8_t digest[DIGEST_SHA256_SIZE];

    turning_init(&turning);
    world_init(&world);
    digest_sha256("weights", 7, digest);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct verify verify = {0};
        struct verdict verdict = {0};

        world_write(&world, "downloads/x", rows[i].text);
        ck_assert_int_eq(verify_start(&verify, &turning.loop, &world.store, "downloads/x", digest,
                                      7, on_done, &verdict),
                         0);
        turning_until(&turning, &verdict.happened);
        ck_assert(verdict.good == rows[i].good);
        verify_cancel(&verify);
    }
    http_free(turning.http);
    world_release(&world);
}
END_TEST

START_TEST(refuses_what_is_no_file_of_that_length)
{
    struct turning turning;
    struct world world;
    struct verify verify = {0};
    uint8_t digest[DIGEST_SHA256_SIZE] = {0};

    turning_init(&turning);
    world_init(&world);
    world_write(&world, "downloads/x", "weights");
    ck_assert_int_eq(file_replace_link(world.store.dir_fd, "downloads/link", "x"), 0);
    ck_assert_int_eq(
        verify_start(&verify, &turning.loop, &world.store, "downloads/x", digest, 8, on_done, NULL),
        VERIFY_E_MISSING);
    ck_assert_int_eq(
        verify_start(&verify, &turning.loop, &world.store, "downloads/y", digest, 7, on_done, NULL),
        VERIFY_E_MISSING);
    ck_assert_int_eq(verify_start(&verify, &turning.loop, &world.store, "downloads/link", digest, 7,
                                  on_done, NULL),
                     VERIFY_E_MISSING);
    verify_cancel(&verify);
    http_free(turning.http);
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/verify");
    TCase *tcase = tcase_create("verify");

    tcase_add_test(tcase, tells_good_bytes_from_bad);
    tcase_add_test(tcase, refuses_what_is_no_file_of_that_length);
    return world_run(suite, tcase);
}
