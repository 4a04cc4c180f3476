/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOY_H
#define TOY_H

#include "http/listener.h"

#include <stdbool.h>
#include <stddef.h>

/* A real listener with a pool of its own and routes for tests, and a client that sends bytes. */
struct toy {
    struct pool *pool;
    struct listener *listener;
};

/* Zeroes: the defaults. */
struct toy_settings {
    size_t workers;
    size_t queue_max;
    unsigned connections_max;
    unsigned header_timeout_s;
    unsigned body_timeout_s;
    unsigned idle_timeout_s;
    bool inline_auth; /* tokens are looked up on the I/O thread */
};

struct toy *toy_start(const struct route *routes, const struct toy_settings *settings);
/* Accepts NULL. */
void toy_stop(struct toy *toy);

/* Tokens: "viewer" and "admin" have these roles, "away" finds the database away. With
 * a '?' before them only workers know them. */

/* A connected socket. */
int toy_connect(const struct toy *toy);
void toy_send(int fd, const char *text);
/* All until the other side closes, NUL-terminated; the caller frees it. Fails the test after 10 s.
 */
char *toy_receive(int fd);
/* Until the text contains what is asked for, or the other side closes. */
char *toy_receive_until(int fd, const char *what);

/* Sends a whole request with "Connection: close" added to its headers, returns the whole reply.
 * headers: lines that each end in \r\n, or "". */
char *toy_ask(const struct toy *toy, const char *method, const char *path, const char *headers,
              const char *body);

/* Waits until a condition holds, at most 10 s. */
#define TOY_WAIT(condition)                                                                        \
    do {                                                                                           \
        for (int tries_ = 0; !(condition) && tries_ < 1000; tries_++)                              \
            toy_pause();                                                                           \
        ck_assert(condition);                                                                      \
    } while (0)
void toy_pause(void);

#endif
