/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * The open connections of a listener, with what libmicrohttpd does not watch: deadlines that bytes
 * which trickle in do not push back, and room for those that are known when strangers fill the
 * house. Cutting is shutdown(2) under the lock under which closing is announced, so that it can
 * never hit another connection's descriptor; libmicrohttpd then sees the end and cleans up.
 */
struct connection {
    struct connection *next;
    struct connection *prev;
    _Atomic int64_t deadline_ms; /* CONNECTION_NEVER: none */
    void *owner;                 /* the listener */
    int fd;
    atomic_bool busy;  /* a request is under way */
    atomic_bool known; /* showed a valid token */
    bool is_cut;
    bool verified; /* I/O thread: its certificate was found good */
};

#define CONNECTION_NEVER INT64_MAX

enum connection_list {
    CONNECTION_STRANGERS,
    CONNECTION_KNOWN,
    CONNECTION_LISTS,
};

struct connection_set {
    pthread_mutex_t lock;
    struct connection heads[CONNECTION_LISTS]; /* circular; newest first */
    unsigned count;
    unsigned reserve_from; /* from this many on, the oldest strangers have to go */
};

void connection_set_init(struct connection_set *set, unsigned connections_max);
void connection_set_release(struct connection_set *set);

/* A new connection; makes room where it is getting full. NULL where memory is short. */
struct connection *connection_open(struct connection_set *set, void *owner, int fd,
                                   int64_t deadline_ms);
/* Accepts NULL. */
void connection_close(struct connection_set *set, struct connection *connection);

/* It showed a valid token: it is not sent away for want of room. Cheap when it did so before. */
void connection_trust(struct connection_set *set, struct connection *connection);

static inline void connection_deadline(struct connection *connection, int64_t deadline_ms)
{
    atomic_store_explicit(&connection->deadline_ms, deadline_ms, memory_order_relaxed);
}

/* Cuts every connection whose deadline is past; returns how many. */
unsigned connection_sweep(struct connection_set *set, int64_t now_ms);

/* Cuts all that are idle, or all. */
void connection_cut(struct connection_set *set, bool idle_only);

/* How many have a request under way, and how many there are. */
unsigned connection_busy(struct connection_set *set);
unsigned connection_count(struct connection_set *set);

#define CONNECTION_PEER_SIZE 48

/* The numeric address of the other side. */
void connection_peer(const struct sockaddr *address, char ret_peer[static CONNECTION_PEER_SIZE]);

#endif
