/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spool.h"

#include "world.h"

static void put(const struct spool *spool, int64_t sequence, const char *text)
{
    ck_assert_int_eq(spool_put(spool, sequence, text, strlen(text)), 0);
}

START_TEST(gives_the_oldest_first)
{
    struct world world;
    struct spool spool = {0};
    int64_t sequence;
    char *bytes = NULL;
    size_t size;

    world_init(&world);
    spool.store = &world.store;
    ck_assert_int_eq(spool_first(&spool, &sequence, &bytes, &size), SPOOL_E_EMPTY);
    put(&spool, 10, "ten");
    put(&spool, 9, "nine");
    put(&spool, 9, "nine again");
    world_write(&world, "spool/junk", "x");
    world_write(&world, "spool/0000000000000000001.json.tmp", "x");
    ck_assert_int_eq(spool_count(&spool, &size), 0);
    ck_assert_uint_eq(size, 2);
    ck_assert_int_eq(spool_first(&spool, &sequence, &bytes, &size), 0);
    ck_assert_int_eq(sequence, 9);
    ck_assert_str_eq(bytes, "nine again");
    free(bytes);
    ck_assert_int_eq(spool_last(&spool, &sequence), 0);
    ck_assert_int_eq(sequence, 10);
    ck_assert_int_eq(spool_drop(&spool, 9), 0);
    ck_assert_int_eq(spool_drop(&spool, 9), 0);
    ck_assert_int_eq(spool_first(&spool, &sequence, &bytes, &size), 0);
    ck_assert_int_eq(sequence, 10);
    free(bytes);
    world_release(&world);
}
END_TEST

START_TEST(drops_the_oldest_when_full)
{
    struct world world;
    struct spool spool = {.reports_max = 3, .bytes_max = 100};
    int64_t sequence;
    char *bytes = NULL;
    size_t count;

    world_init(&world);
    spool.store = &world.store;
    for (int64_t i = 1; i <= 5; i++)
        put(&spool, i, "0123456789");
    ck_assert_int_eq(spool_count(&spool, &count), 0);
    ck_assert_uint_eq(count, 3);
    put(&spool, 6,
        "01234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789");
    ck_assert_int_eq(spool_first(&spool, &sequence, &bytes, &count), 0);
    ck_assert_int_eq(sequence, 5);
    free(bytes);
    world_release(&world);
}
END_TEST

START_TEST(is_not_held_up_by_what_is_too_large)
{
    struct world world;
    struct spool spool = {0};
    int64_t sequence;
    char *bytes = NULL;
    size_t size;
    AUTO_CLOSE int fd = -1;

    world_init(&world);
    spool.store = &world.store;
    put(&spool, 1, "x");
    put(&spool, 2, "y");
    fd = openat(world.store.dir_fd, "spool/0000000000000000001.json", O_WRONLY);
    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
    ck_assert_int_eq(spool_first(&spool, &sequence, &bytes, &size), 0);
    ck_assert_int_eq(sequence, 2);
    free(bytes);
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/spool");
    TCase *tcase = tcase_create("spool");

    tcase_add_test(tcase, gives_the_oldest_first);
    tcase_add_test(tcase, drops_the_oldest_when_full);
    tcase_add_test(tcase, is_not_held_up_by_what_is_too_large);
    return world_run(suite, tcase);
}
