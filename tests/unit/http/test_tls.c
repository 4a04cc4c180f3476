/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/file.h"
#include "http/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/test-tls-XXXXXX";

/* NAME.crt and NAME.key */
static void make_pair(const char *name)
{
    char command[512];

    (void)snprintf(command, sizeof(command),
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                   "-subj /CN=localhost -keyout %s/%s.key -out %s/%s.crt 2>/dev/null",
                   directory, name, directory, name);
    ck_assert_int_eq(system(command), 0);
}

static const char *path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *text = paths[next++ % 4];

    (void)snprintf(text, 256, "%s/%s", directory, name);
    return text;
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    make_pair("one");
    make_pair("two");
}

static void tear_down(void)
{
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
}

static int load(const char *cert, const char *key, const char *ca)
{
    struct tls *tls = NULL;
    int r = tls_new(path(cert), path(key), ca ? path(ca) : NULL, &tls);

    tls_free(tls);
    return r;
}

START_TEST(takes_a_pair_and_refuses_what_is_none)
{
    ck_assert_int_eq(load("one.crt", "one.key", NULL), 0);
    ck_assert_int_eq(load("one.crt", "one.key", "two.crt"), 0);
    ck_assert_int_lt(load("one.crt", "two.key", NULL), 0);
    ck_assert_int_lt(load("one.key", "one.key", NULL), 0);
    ck_assert_int_lt(load("one.crt", "one.crt", NULL), 0);
    ck_assert_int_lt(load("none.crt", "one.key", NULL), 0);
    ck_assert_int_lt(load("one.crt", "one.key", "none.crt"), 0);
}
END_TEST

START_TEST(a_reload_that_fails_keeps_what_was)
{
    struct tls *tls;

    ck_assert_int_eq(tls_new(path("one.crt"), path("one.key"), NULL, &tls), 0);
    ck_assert_int_eq(rename(path("two.crt"), path("one.crt")), 0);
    ck_assert_int_lt(tls_reload(tls), 0);
    ck_assert_int_eq(rename(path("two.key"), path("one.key")), 0);
    ck_assert_int_eq(tls_reload(tls), 0);
    tls_free(tls);
    tls_free(NULL);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("http/tls", set_up, tear_down, takes_a_pair_and_refuses_what_is_none,
                          a_reload_that_fails_keeps_what_was);
}
