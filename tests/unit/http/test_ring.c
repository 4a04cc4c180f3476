/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "http/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

static struct ring *ring;

static void set_up(void)
{
    ck_assert_int_eq(ring_new(8, &ring), 0);
}

static void tear_down(void)
{
    ring_free(ring);
}

START_TEST(takes_what_fits_and_gives_it_back_in_order)
{
    char bytes[16];
    size_t size;
    bool wake;

    ck_assert_uint_eq(ring_write(ring, "abcde", 5), 5);
    ck_assert_int_eq(ring_read(ring, bytes, 3, &size, &wake), 0);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(bytes, "abc", 3);
    ck_assert(!wake);
    /* around the end */
    ck_assert_uint_eq(ring_write(ring, "fghijklm", 8), 6);
    ck_assert_int_eq(ring_read(ring, bytes, sizeof(bytes), &size, &wake), 0);
    ck_assert_uint_eq(size, 8);
    ck_assert_mem_eq(bytes, "defghijk", 8);
    ck_assert(wake);
}
END_TEST

START_TEST(wakes_the_writer_only_when_half_is_free)
{
    char bytes[8];
    size_t size;
    bool wake;

    ck_assert_uint_eq(ring_write(ring, "0123456789", 10), 8);
    ck_assert_int_eq(ring_read(ring, bytes, 3, &size, &wake), 0);
    ck_assert(!wake);
    ck_assert_int_eq(ring_read(ring, bytes, 1, &size, &wake), 0);
    ck_assert(wake);
    ck_assert_int_eq(ring_read(ring, bytes, 1, &size, &wake), 0);
    ck_assert(!wake);
}
END_TEST

START_TEST(ends_after_what_is_left)
{
    char bytes[8];
    size_t size;
    bool wake;

    ck_assert_uint_eq(ring_write(ring, "ab", 2), 2);
    ring_end(ring);
    ck_assert_int_eq(ring_read(ring, bytes, 8, &size, &wake), 0);
    ck_assert_uint_eq(size, 2);
    ck_assert_int_eq(ring_read(ring, bytes, 8, &size, &wake), RING_E_END);
}
END_TEST

START_TEST(a_cut_drops_what_is_left)
{
    char bytes[8];
    size_t size;
    bool wake;

    ck_assert_uint_eq(ring_write(ring, "ab", 2), 2);
    ring_cut(ring);
    ck_assert_int_eq(ring_read(ring, bytes, 8, &size, &wake), RING_E_CUT);
    ck_assert_uint_eq(ring_write(ring, "cd", 2), 0);
}
END_TEST

START_TEST(remembers_who_asked_first)
{
    ck_assert(!ring_wanted(ring));
    ck_assert(ring_want(ring));
    ck_assert(!ring_want(ring));
    ck_assert(ring_wanted(ring));
}
END_TEST

#define MANY 200000

static void *write_many(void *arg)
{
    uint8_t next = 0;
    size_t left = MANY;

    (void)arg;
    while (left > 0) {
        uint8_t bytes[5] = {next, (uint8_t)(next + 1), (uint8_t)(next + 2), (uint8_t)(next + 3),
                            (uint8_t)(next + 4)};
        size_t taken = ring_write(ring, bytes, left < 5 ? left : 5);

        if (taken == 0)
            (void)sched_yield();
        next = (uint8_t)(next + taken);
        left -= taken;
    }
    ring_end(ring);
    return NULL;
}

START_TEST(bytes_cross_threads_whole)
{
    pthread_t writer;
    uint8_t expected = 0;
    size_t total = 0;
    uint8_t bytes[7];
    size_t size;
    bool wake;

    ck_assert_int_eq(pthread_create(&writer, NULL, write_many, NULL), 0);
    while (ring_read(ring, bytes, sizeof(bytes), &size, &wake) == 0) {
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(bytes[i], expected++);
        total += size;
    }
    ck_assert_uint_eq(total, MANY);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "http/ring", set_up, tear_down, takes_what_fits_and_gives_it_back_in_order,
        wakes_the_writer_only_when_half_is_free, ends_after_what_is_left, a_cut_drops_what_is_left,
        remembers_who_asked_first, bytes_cross_threads_whole);
}
