/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ring.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    size_t capacity;
    size_t start;
    size_t used;
    bool wanted;
    bool writer_waits;
    bool ended;
    bool cut;
    char bytes[];
};

int ring_new(size_t capacity, struct ring **ret_ring)
{
    struct ring *ring = malloc(sizeof(*ring) + capacity);

    if (!ring)
        return log_fail(ERR_NO_MEMORY, "cannot make a ring of %zu bytes: out of memory", capacity);
    memset(ring, 0, sizeof(*ring));
    (void)pthread_mutex_init(&ring->lock, NULL);
    (void)pthread_cond_init(&ring->filled, NULL);
    ring->capacity = capacity;
    *ret_ring = ring;
    return 0;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    (void)pthread_cond_destroy(&ring->filled);
    (void)pthread_mutex_destroy(&ring->lock);
    free(ring);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Copies in two pieces where the ring's end lies between; the place copied to is free: only the
 * writer fills, so the copy itself needs no lock. */
static void copy_in(struct ring *ring, size_t at, const char *bytes, size_t size)
{
    size_t first = smaller(size, ring->capacity - at);

    memcpy(ring->bytes + at, bytes, first);
    memcpy(ring->bytes, bytes + first, size - first);
}

static void copy_out(const struct ring *ring, size_t at, char *bytes, size_t size)
{
    size_t first = smaller(size, ring->capacity - at);

    memcpy(bytes, ring->bytes + at, first);
    memcpy(bytes + first, ring->bytes, size - first);
}

size_t ring_write(struct ring *ring, const void *bytes, size_t size)
{
    size_t taken;
    size_t at;

    (void)pthread_mutex_lock(&ring->lock);
    taken = smaller(size, ring->capacity - ring->used);
    at = (ring->start + ring->used) % ring->capacity;
    if (ring->cut)
        taken = 0;
    ring->writer_waits = taken < size;
    (void)pthread_mutex_unlock(&ring->lock);
    if (taken == 0)
        return 0;

    copy_in(ring, at, bytes, taken);

    (void)pthread_mutex_lock(&ring->lock);
    ring->used += taken;
    (void)pthread_cond_signal(&ring->filled);
    (void)pthread_mutex_unlock(&ring->lock);
    return taken;
}

static void set(struct ring *ring, bool *flag)
{
    (void)pthread_mutex_lock(&ring->lock);
    *flag = true;
    (void)pthread_cond_signal(&ring->filled);
    (void)pthread_mutex_unlock(&ring->lock);
}

void ring_end(struct ring *ring)
{
    set(ring, &ring->ended);
}

void ring_cut(struct ring *ring)
{
    set(ring, &ring->cut);
}

bool ring_wanted(struct ring *ring)
{
    bool wanted;

    (void)pthread_mutex_lock(&ring->lock);
    wanted = ring->wanted;
    (void)pthread_mutex_unlock(&ring->lock);
    return wanted;
}

bool ring_want(struct ring *ring)
{
    bool first;

    (void)pthread_mutex_lock(&ring->lock);
    first = !ring->wanted;
    ring->wanted = true;
    (void)pthread_mutex_unlock(&ring->lock);
    return first;
}

/* Waits for bytes; returns how many may be read, at most capacity; 0 where the ring was cut or the
 * body ended. */
static size_t wait_filled(struct ring *ring, size_t capacity, size_t *ret_at, bool *ret_cut)
{
    size_t size;

    (void)pthread_mutex_lock(&ring->lock);
    while (ring->used == 0 && !ring->ended && !ring->cut)
        (void)pthread_cond_wait(&ring->filled, &ring->lock);
    size = ring->cut ? 0 : smaller(capacity, ring->used);
    *ret_at = ring->start;
    *ret_cut = ring->cut;
    (void)pthread_mutex_unlock(&ring->lock);
    return size;
}

int ring_read(struct ring *ring, void *bytes, size_t capacity, size_t *ret_size, bool *ret_wake)
{
    size_t at;
    bool cut;
    size_t size = wait_filled(ring, capacity, &at, &cut);

    if (size == 0)
        return cut ? RING_E_CUT : RING_E_END;
    copy_out(ring, at, bytes, size);

    (void)pthread_mutex_lock(&ring->lock);
    ring->start = (ring->start + size) % ring->capacity;
    ring->used -= size;
    /* not before half of it is free: a wake costs a turn of the event loop */
    *ret_wake = ring->writer_waits && ring->used <= ring->capacity / 2;
    if (*ret_wake)
        ring->writer_waits = false;
    (void)pthread_mutex_unlock(&ring->lock);
    *ret_size = size;
    return 0;
}
