/* SPDX-License-Identifier: Apache-2.0 */
/* Wakes from many threads against a connection that keeps falling asleep. */
#include "suite.h"
#include "toy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURNS 2000
#define WAKERS 4

static struct toy *toy;
static _Atomic(struct waker *) waker;
static atomic_int asked; /* what the wakers want to be seen */
static atomic_int seen;  /* what the source saw */
static atomic_bool ended;

struct follower {
    struct source source;
    struct waker *waker;
};

static ptrdiff_t follow(struct source *source, char *bytes, size_t capacity)
{
    int now = atomic_load(&asked);

    (void)source;
    (void)capacity;
    if (now == atomic_load(&seen))
        return now == TURNS ? SOURCE_END : SOURCE_WAIT;
    atomic_store(&seen, now);
    bytes[0] = '.';
    return 1;
}

static void follow_release(struct source *source)
{
    struct follower *follower = (struct follower *)source;

    atomic_store(&ended, true);
    waker_unref(follower->waker);
    free(follower);
}

static int on_follow(const struct call *call, struct reply *reply)
{
    struct follower *follower = calloc(1, sizeof(*follower));

    follower->source = (struct source){follow, follow_release};
    follower->waker = request_waker(call->request);
    atomic_store(&waker, waker_ref(follower->waker));
    reply_source(reply, 200, "text/plain", REPLY_LENGTH_UNKNOWN, 16, &follower->source);
    return 0;
}

static const struct route routes[] = {
    {"GET",         "/follow", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_follow},
    {NULL},
};

static void *wake(void *arg)
{
    (void)arg;
    for (int now = atomic_load(&asked); now < TURNS; now = atomic_load(&asked)) {
        (void)atomic_compare_exchange_strong(&asked, &now, now + 1);
        waker_wake(atomic_load(&waker));
    }
    waker_wake(atomic_load(&waker));
    return NULL;
}

START_TEST(no_wake_is_lost_and_none_does_harm)
{
    pthread_t threads[WAKERS];
    char *reply;
    int fd;

    toy = toy_start(routes, NULL);
    fd = toy_connect(toy);
    toy_send(fd, "GET /follow HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n");
    TOY_WAIT(atomic_load(&waker) != NULL);
    for (int i = 0; i < WAKERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wake, NULL), 0);
    reply = toy_receive(fd); /* ends only when the last change was seen */
    ck_assert_ptr_nonnull(strstr(reply, "200 OK"));
    free(reply);
    ck_assert_int_eq(atomic_load(&seen), TURNS);
    for (int i = 0; i < WAKERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    (void)close(fd);
    TOY_WAIT(atomic_load(&ended));
    waker_wake(atomic_load(&waker));
    waker_unref(atomic_load(&waker));
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/waker", no_wake_is_lost_and_none_does_harm);
}
