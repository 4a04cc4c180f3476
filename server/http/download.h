/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_DOWNLOAD_H
#define HTTP_DOWNLOAD_H

#include "base/error.h"
#include "http/router.h"
#include "work/pool.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Answers GET and HEAD for immutable bytes: Range (single by sendfile where there is a file,
 * several as multipart/byteranges), If-Range, If-None-Match, If-Match, ETag.
 *
 * Bytes that are not in a file come from a callback, a slice at a time, which runs in the pool and
 * not while the client is slow: a reader that never reads holds one slice and no worker.
 */

/*
 * Reads at most capacity bytes from offset; ret_size is at least 1. Returns 0, or negative, which
 * cuts the connection. Runs on a pool thread.
 */
typedef int download_read_fn(void *object, void *worker, uint64_t offset, void *bytes,
                             size_t capacity, size_t *ret_size);

struct download {
    const char *etag; /* strong, with its quotes */
    const char *content_type;
    uint64_t size_bytes;
    int fd; /* taken; -1: by read() */
    download_read_fn *read;
    void *object; /* of malloc(3); taken */
    struct pool *pool;
    /* How many downloads hold a slice, and how many may; shared by all. */
    atomic_uint *streams;
    unsigned streams_max;
};

/* Fills the reply in, problems included. Takes download->fd and object, whatever happens. */
int download_reply(const struct call *call, const struct download *download,
                   struct reply *reply) MUST_CHECK;

#endif
