/* SPDX-License-Identifier: Apache-2.0 */
#include "http/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* The share that is kept free of strangers: one in RESERVE_PART, at least RESERVE_MIN. */
#define RESERVE_PART 16
#define RESERVE_MIN 2

static void link_first(struct connection_set *set, struct connection *connection,
                       enum connection_list list)
{
    struct connection *head = &set->heads[list];

    connection->next = head->next;
    connection->prev = head;
    head->next->prev = connection;
    head->next = connection;
}

static void unlink_one(struct connection *connection)
{
    connection->prev->next = connection->next;
    connection->next->prev = connection->prev;
}

void connection_set_init(struct connection_set *set, unsigned connections_max)
{
    unsigned reserve = connections_max / RESERVE_PART;

    if (reserve < RESERVE_MIN)
        reserve = RESERVE_MIN;
    memset(set, 0, sizeof(*set));
    (void)pthread_mutex_init(&set->lock, NULL);
    set->reserve_from = connections_max > reserve ? connections_max - reserve : 1;
    for (int i = 0; i < CONNECTION_LISTS; i++)
        set->heads[i].next = set->heads[i].prev = &set->heads[i];
}

void connection_set_release(struct connection_set *set)
{
    (void)pthread_mutex_destroy(&set->lock);
}

static void cut(struct connection *connection)
{
    if (!connection->is_cut)
        (void)shutdown(connection->fd, SHUT_RDWR);
    connection->is_cut = true;
}

/* The oldest stranger that is still there. One that is cut leaves within a turn of its I/O thread;
 * until then it is passed over. */
static void make_room(struct connection_set *set)
{
    struct connection *head = &set->heads[CONNECTION_STRANGERS];
    struct connection *oldest = head->prev;

    while (oldest != head && oldest->is_cut)
        oldest = oldest->prev;
    if (oldest != head)
        cut(oldest);
}

struct connection *connection_open(struct connection_set *set, void *owner, int fd,
                                   int64_t deadline_ms)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->owner = owner;
    connection->fd = fd;
    connection_deadline(connection, deadline_ms);
    (void)pthread_mutex_lock(&set->lock);
    if (set->count >= set->reserve_from)
        make_room(set);
    link_first(set, connection, CONNECTION_STRANGERS);
    set->count++;
    (void)pthread_mutex_unlock(&set->lock);
    return connection;
}

void connection_close(struct connection_set *set, struct connection *connection)
{
    if (!connection)
        return;
    (void)pthread_mutex_lock(&set->lock);
    unlink_one(connection);
    set->count--;
    (void)pthread_mutex_unlock(&set->lock);
    free(connection);
}

void connection_trust(struct connection_set *set, struct connection *connection)
{
    if (atomic_load_explicit(&connection->known, memory_order_relaxed) ||
        atomic_exchange(&connection->known, true))
        return;
    (void)pthread_mutex_lock(&set->lock);
    unlink_one(connection);
    link_first(set, connection, CONNECTION_KNOWN);
    (void)pthread_mutex_unlock(&set->lock);
}

unsigned connection_sweep(struct connection_set *set, int64_t now_ms)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&set->lock);
    for (int i = 0; i < CONNECTION_LISTS; i++) {
        struct connection *head = &set->heads[i];

        for (struct connection *c = head->next; c != head; c = c->next) {
            if (c->is_cut || atomic_load_explicit(&c->deadline_ms, memory_order_relaxed) > now_ms)
                continue;
            cut(c);
            count++;
        }
    }
    (void)pthread_mutex_unlock(&set->lock);
    return count;
}

void connection_cut(struct connection_set *set, bool idle_only)
{
    (void)pthread_mutex_lock(&set->lock);
    for (int i = 0; i < CONNECTION_LISTS; i++) {
        struct connection *head = &set->heads[i];

        for (struct connection *c = head->next; c != head; c = c->next)
            if (!idle_only || !atomic_load(&c->busy))
                cut(c);
    }
    (void)pthread_mutex_unlock(&set->lock);
}

unsigned connection_busy(struct connection_set *set)
{
    unsigned busy = 0;

    (void)pthread_mutex_lock(&set->lock);
    for (int i = 0; i < CONNECTION_LISTS; i++) {
        struct connection *head = &set->heads[i];

        for (struct connection *c = head->next; c != head; c = c->next)
            busy += atomic_load(&c->busy) ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&set->lock);
    return busy;
}

unsigned connection_count(struct connection_set *set)
{
    unsigned count;

    (void)pthread_mutex_lock(&set->lock);
    count = set->count;
    (void)pthread_mutex_unlock(&set->lock);
    return count;
}

void connection_peer(const struct sockaddr *address, char ret_peer[static CONNECTION_PEER_SIZE])
{
    memcpy(ret_peer, "-", 2);
    if (address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, ret_peer,
                        CONNECTION_PEER_SIZE);
    if (address->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, ret_peer,
                        CONNECTION_PEER_SIZE);
}
