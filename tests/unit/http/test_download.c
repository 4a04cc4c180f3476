/* SPDX-License-Identifier: Apache-2.0 */
#include "http/download.h"

#include "suite.h"
#include "toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The artifact: digits that repeat, from a callback that gives at most 7 bytes at a time. */
#define SIZE 40

static atomic_uint streams;
static struct pool *pool;

static int read_digits(void *object, void *worker, uint64_t offset, void *bytes, size_t capacity,
                       size_t *ret_size)
{
    size_t size = capacity < 7 ? capacity : 7;

    (void)object;
    (void)worker;
    for (size_t i = 0; i < size; i++)
        ((char *)bytes)[i] = (char)('0' + (offset + i) % 10);
    *ret_size = size;
    return 0;
}

static int fail_to_read(void *object, void *worker, uint64_t offset, void *bytes, size_t capacity,
                        size_t *ret_size)
{
    return offset > 0 ? ERR_UNAVAILABLE
                      : read_digits(object, worker, offset, bytes, capacity, ret_size);
}

static int answer(const struct call *call, download_read_fn *read, int fd, unsigned streams_max,
                  struct reply *reply)
{
    const struct download download = {
        .etag = "\"digits\"",
        .content_type = "text/plain",
        .size_bytes = SIZE,
        .fd = fd,
        .read = read,
        .object = malloc(1),
        .pool = pool,
        .streams = &streams,
        .streams_max = streams_max,
    };

    return download_reply(call, &download, reply);
}

static int on_slices(const struct call *call, struct reply *reply)
{
    return answer(call, read_digits, -1, 8, reply);
}

static int on_broken(const struct call *call, struct reply *reply)
{
    return answer(call, fail_to_read, -1, 8, reply);
}

static int on_busy(const struct call *call, struct reply *reply)
{
    return answer(call, read_digits, -1, 0, reply);
}

static int on_file(const struct call *call, struct reply *reply)
{
    char path[] = "/tmp/mf-download.XXXXXX";
    char digits[SIZE];
    int fd = mkstemp(path);
    size_t size;

    for (size_t at = 0; at < SIZE; at += size)
        (void)read_digits(NULL, NULL, at, digits + at, SIZE - at, &size);
    ck_assert_int_eq(write(fd, digits, SIZE), SIZE);
    (void)unlink(path);
    return answer(call, NULL, fd, 8, reply);
}

static const struct route routes[] = {
    {"GET",         "/slices", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_slices},
    {"GET", "/broken", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_broken},
    {"GET",            "/busy", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_busy},
    {"GET",    "/file", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_file},
    {NULL        },
};

static struct toy *start(void)
{
    struct toy *toy = toy_start(routes, NULL);

    pool = toy->pool;
    return toy;
}

/* The reply starts with `status` and ends with `body`. */
static void expect(const struct toy *toy, const char *path, const char *headers, const char *status,
                   const char *body)
{
    char *reply = toy_ask(toy, "GET", path, headers, NULL);
    size_t length = strlen(reply);

    ck_assert_msg(strncmp(reply, status, strlen(status)) == 0, "%s %s: %s", path, headers, reply);
    ck_assert_msg(length >= strlen(body) && strcmp(reply + length - strlen(body), body) == 0,
                  "%s %s: %s", path, headers, reply);
    free(reply);
}

START_TEST(gives_the_same_from_a_file_and_from_slices)
{
    static const char *const paths[] = {"/slices", "/file"};
    struct toy *toy = start();

    for (size_t i = 0; i < 2; i++) {
        expect(toy, paths[i], "", "HTTP/1.1 200",
               "\r\n\r\n0123456789012345678901234567890123456789");
        expect(toy, paths[i], "Range: bytes=5-14\r\n", "HTTP/1.1 206", "\r\n\r\n5678901234");
        expect(toy, paths[i], "Range: bytes=-3\r\n", "HTTP/1.1 206", "\r\n\r\n789");
        expect(toy, paths[i], "Range: bytes=40-\r\n", "HTTP/1.1 416", "");
        expect(toy, paths[i], "If-None-Match: \"digits\"\r\n", "HTTP/1.1 304", "\r\n\r\n");
        expect(toy, paths[i], "If-Match: \"other\"\r\n", "HTTP/1.1 412", "");
        expect(toy, paths[i], "Range: bytes=0-0\r\nIf-Range: \"digits\"\r\n", "HTTP/1.1 206",
               "\r\n\r\n0");
        expect(toy, paths[i], "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n", "HTTP/1.1 200", "9");
    }
    toy_stop(toy);
    ck_assert_uint_eq(atomic_load(&streams), 0);
}
END_TEST

START_TEST(gives_several_ranges_as_parts)
{
    static const char *const paths[] = {"/slices", "/file"};
    struct toy *toy = start();

    for (size_t i = 0; i < 2; i++) {
        char *reply = toy_ask(toy, "GET", paths[i], "Range: bytes=0-11,35-\r\n", NULL);

        ck_assert_ptr_nonnull(strstr(reply, "multipart/byteranges; boundary="));
        ck_assert_ptr_nonnull(
            strstr(reply, "Content-Range: bytes 0-11/40\r\n\r\n012345678901\r\n--"));
        ck_assert_ptr_nonnull(strstr(reply, "Content-Range: bytes 35-39/40\r\n\r\n56789\r\n--"));
        ck_assert_str_eq(reply + strlen(reply) - 4, "--\r\n");
        free(reply);
    }
    toy_stop(toy);
}
END_TEST

START_TEST(cuts_the_connection_when_bytes_cannot_be_read)
{
    struct toy *toy = start();

    expect(toy, "/broken", "", "HTTP/1.1 200", "\r\n\r\n0123456");
    toy_stop(toy);
    ck_assert_uint_eq(atomic_load(&streams), 0);
}
END_TEST

START_TEST(refuses_streams_beyond_the_limit)
{
    struct toy *toy = start();
    char *reply = toy_ask(toy, "GET", "/busy", "", NULL);

    ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 503"));
    ck_assert_ptr_nonnull(strstr(reply, "Retry-After: "));
    free(reply);
    toy_stop(toy);
    ck_assert_uint_eq(atomic_load(&streams), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/download", gives_the_same_from_a_file_and_from_slices,
                     gives_several_ranges_as_parts, cuts_the_connection_when_bytes_cannot_be_read,
                     refuses_streams_beyond_the_limit);
}
