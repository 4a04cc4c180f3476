/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_SOURCE_H
#define FORMAT_SOURCE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Where the bytes of a file come from: a file descriptor, memory, or rows of a database. Whoever
 * makes one owns what it stands for. Constant while it is read.
 */
struct source {
    uint64_t size; /* bytes */
    /* Reads exactly size bytes, all of them within the source. Returns 0 or negative. */
    int (*read)(void *object, uint64_t offset, void *bytes, size_t size);
    void *object;
};

/* Borrows the bytes. */
struct source source_memory(const void *bytes, size_t size);

/* Borrows the descriptor, of a regular file; its position is neither used nor moved. */
int source_file(int fd, struct source *ret_source) MUST_CHECK;

#endif
