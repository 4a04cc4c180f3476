/* SPDX-License-Identifier: Apache-2.0 */
#include "toy.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_MAX ((size_t)4 << 20)
#define PATIENCE_MS 20000

static int make_worker(void *arg, void **ret_worker)
{
    *ret_worker = arg;
    return 0;
}

static void free_worker(void *worker)
{
    (void)worker;
}

static int authenticate(void *context, void *worker, const char *token, struct arena *arena,
                        struct principal *ret_principal)
{
    const char *known = token + strspn(token, "?");

    (void)context;
    (void)arena;
    if (strcmp(token, "away") == 0)
        return ERR_UNAVAILABLE;
    if (known > token && !worker)
        return LISTENER_E_LATER;
    token = known;
    if (strcmp(token, "viewer") != 0 && strcmp(token, "admin") != 0)
        return LISTENER_E_TOKEN;
    *ret_principal = (struct principal){
        .workspace_id = 1,
        .id = 7,
        .roles = strcmp(token, "admin") == 0 ? ROLE_ADMIN : ROLE_VIEWER,
        .name = strcmp(token, "admin") == 0 ? "the admin" : "the viewer",
    };
    return 0;
}

static unsigned either(unsigned value, unsigned fallback)
{
    return value ? value : fallback;
}

struct toy *toy_start(const struct route *routes, const struct toy_settings *settings)
{
    static const struct toy_settings defaults;
    const struct toy_settings *s = settings ? settings : &defaults;
    struct toy *toy = calloc(1, sizeof(*toy));
    const struct pool_config pool = {
        .name = "toy",
        .threads = s->workers ? s->workers : 2,
        .queue_max = s->queue_max ? s->queue_max : 64,
        .worker_new = make_worker,
        .worker_free = free_worker,
        .arg = toy,
    };
    struct listener_config config = {
        .name = "toy",
        .address = "127.0.0.1:0",
        .routes = routes,
        .context = toy,
        .threads = 2,
        .connections_max = either(s->connections_max, 200),
        .connection_memory_bytes = 8192,
        .connection_memory_increment = 1024,
        .idle_timeout_s = either(s->idle_timeout_s, 30),
        .header_timeout_s = either(s->header_timeout_s, 30),
        .body_timeout_s = either(s->body_timeout_s, 30),
        .inline_auth = s->inline_auth,
        .authenticate = authenticate,
    };

    ck_assert_ptr_nonnull(toy);
    ck_assert_int_eq(pool_new(&pool, &toy->pool), 0);
    config.pool = toy->pool;
    ck_assert_int_eq(listener_new(&config, &toy->listener), 0);
    ck_assert_int_eq(listener_start(toy->listener), 0);
    return toy;
}

void toy_stop(struct toy *toy)
{
    if (!toy)
        return;
    listener_stop(toy->listener, 5000);
    pool_stop(toy->pool);
    listener_free(toy->listener);
    pool_free(toy->pool);
    free(toy);
}

int toy_connect(const struct toy *toy)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(listener_port(toy->listener)),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void toy_send(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

        if (sent < 0)
            return; /* the server closed; the test sees what it said */
        text += sent;
        left -= (size_t)sent;
    }
}

char *toy_receive_until(int fd, const char *what)
{
    char *text = calloc(1, RECEIVE_MAX);
    size_t size = 0;

    ck_assert_ptr_nonnull(text);
    while (size < RECEIVE_MAX - 1 && !(what && strstr(text, what))) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t count;

        if (poll(&ready, 1, PATIENCE_MS) == 0)
            ck_abort_msg("nothing comes any more; so far: '%s'", text);
        count = recv(fd, text + size, RECEIVE_MAX - 1 - size, 0);
        if (count <= 0)
            break;
        size += (size_t)count;
    }
    return text;
}

char *toy_receive(int fd)
{
    return toy_receive_until(fd, NULL);
}

char *toy_ask(const struct toy *toy, const char *method, const char *path, const char *headers,
              const char *body)
{
    size_t length = body ? strlen(body) : 0;
    char *request = malloc(strlen(path) + strlen(headers) + length + 256);
    int fd = toy_connect(toy);
    char *reply;
    int used;

    ck_assert_ptr_nonnull(request);
    used = sprintf(request, "%s %s HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n%s", method, path,
                   headers);
    if (body)
        used += sprintf(request + used, "Content-Length: %zu\r\n", length);
    (void)sprintf(request + used, "\r\n%s", body ? body : "");
    toy_send(fd, request);
    free(request);
    reply = toy_receive(fd);
    (void)close(fd);
    return reply;
}

void toy_pause(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    (void)nanosleep(&pause, NULL);
}
