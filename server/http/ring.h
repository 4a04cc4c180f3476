/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_RING_H
#define HTTP_RING_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The bytes of one body on their way from an I/O thread, which never blocks, to a worker, which
 * does. Bounded: what does not fit stays in the socket.
 */
struct ring;

int ring_new(size_t capacity, struct ring **ret_ring) MUST_CHECK;
/* Accepts NULL. */
void ring_free(struct ring *ring);

/* I/O thread: takes as much as fits and returns how much that was. Where something was left over,
 * a later ring_read says that the writer wants to be woken. */
size_t ring_write(struct ring *ring, const void *bytes, size_t size);
/* I/O thread: the body is complete. */
void ring_end(struct ring *ring);
/* Any thread: nothing more will come; what waits is of no use. */
void ring_cut(struct ring *ring);

/* I/O thread: whether the worker asked for bytes yet. */
bool ring_wanted(struct ring *ring);

enum {
    RING_E_END = 1,
    RING_E_CUT = 2,
};

/* Worker: the first call. Returns whether this was the first: the writer must be woken then. */
bool ring_want(struct ring *ring);
/* Worker: at least one byte; blocks. ret_wake says that the writer waits for room. */
int ring_read(struct ring *ring, void *bytes, size_t capacity, size_t *ret_size,
              bool *ret_wake) MUST_CHECK;

#endif
