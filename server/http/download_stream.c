/* SPDX-License-Identifier: Apache-2.0 */
#include "http/download_stream.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "http/range.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLICE_BYTES ((size_t)1 << 20)
#define PIECES_MAX (2 * RANGE_MAX + 1)
#define TEXT_MAX 512

struct piece {
    char *text; /* NULL: of the artifact, from first */
    uint64_t first;
    uint64_t length;
};

/*
 * The connection's source and the pool's job share it: each holds a reference. While `fetching` is
 * set, slice belongs to the job.
 */
struct download_stream {
    struct source source;
    struct pool_job job;
    struct download download;
    struct waker *waker;
    struct piece pieces[PIECES_MAX];
    size_t piece_count;

    pthread_mutex_t mutex;
    unsigned references;
    size_t piece;  /* the current one */
    uint64_t done; /* of it */
    bool fetching;
    bool failed;
    char *slice; /* SLICE_BYTES, from slice_first of the artifact */
    uint64_t slice_first;
    size_t slice_size;
};

static void stream_unref(struct download_stream *stream)
{
    bool last;

    (void)pthread_mutex_lock(&stream->mutex);
    last = --stream->references == 0;
    (void)pthread_mutex_unlock(&stream->mutex);
    if (!last)
        return;
    waker_unref(stream->waker);
    (void)atomic_fetch_sub(stream->download.streams, 1);
    if (stream->download.fd >= 0)
        (void)close(stream->download.fd);
    for (size_t i = 0; i < stream->piece_count; i++)
        free(stream->pieces[i].text);
    free(stream->download.object);
    free(stream->slice);
    (void)pthread_mutex_destroy(&stream->mutex);
    free(stream);
}

/* ---- the pool's side ---------------------------------------------------------------------- */

static int read_file(struct download_stream *stream, uint64_t offset, size_t capacity,
                     size_t *ret_size)
{
    ssize_t size;

    do
        size = pread(stream->download.fd, stream->slice, capacity, (off_t)offset);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return log_fail_errno("cannot read a cached artifact");
    if (size == 0)
        return log_fail(ERR_INTERNAL, "a cached artifact is shorter than it was");
    *ret_size = (size_t)size;
    return 0;
}

static void fetch(struct pool_job *job, void *worker)
{
    struct download_stream *stream =
        (struct download_stream *)((char *)job - offsetof(struct download_stream, job));
    const struct piece *piece = &stream->pieces[stream->piece];
    uint64_t offset = piece->first + stream->done;
    uint64_t left = piece->length - stream->done;
    size_t capacity = left < SLICE_BYTES ? (size_t)left : SLICE_BYTES;
    size_t size = 0;
    int r;

    if (stream->download.fd >= 0)
        r = read_file(stream, offset, capacity, &size);
    else
        r = stream->download.read(stream->download.object, worker, offset, stream->slice, capacity,
                                  &size);
    (void)pthread_mutex_lock(&stream->mutex);
    stream->fetching = false;
    stream->failed = r != 0;
    stream->slice_first = offset;
    stream->slice_size = size;
    (void)pthread_mutex_unlock(&stream->mutex);
    waker_wake(stream->waker);
    stream_unref(stream);
}

/* ---- the connection's side ---------------------------------------------------------------- */

/* With the mutex held. */
static ptrdiff_t start_fetch(struct download_stream *stream)
{
    if (!stream->slice)
        stream->slice = malloc(SLICE_BYTES);
    if (!stream->slice)
        return SOURCE_FAIL;
    stream->fetching = true;
    stream->references++;
    if (pool_submit(stream->download.pool, &stream->job) != 0) {
        stream->fetching = false;
        stream->references--;
        return SOURCE_FAIL;
    }
    return SOURCE_WAIT;
}

/* With the mutex held: bytes of the current piece that are at hand, or 0. */
static size_t take(struct download_stream *stream, char *bytes, size_t capacity)
{
    const struct piece *piece = &stream->pieces[stream->piece];
    uint64_t left = piece->length - stream->done;
    const char *from;

    if (piece->text) {
        from = piece->text + stream->done;
    } else {
        uint64_t at = piece->first + stream->done;

        if (at < stream->slice_first || at - stream->slice_first >= stream->slice_size)
            return 0;
        from = stream->slice + (at - stream->slice_first);
        if (left > stream->slice_size - (at - stream->slice_first))
            left = stream->slice_size - (at - stream->slice_first);
    }
    if (capacity > left)
        capacity = (size_t)left;
    memcpy(bytes, from, capacity);
    stream->done += capacity;
    return capacity;
}

static ptrdiff_t read_locked(struct download_stream *stream, char *bytes, size_t capacity)
{
    size_t size;

    if (stream->failed)
        return SOURCE_FAIL;
    if (stream->fetching)
        return SOURCE_WAIT;
    while (stream->piece < stream->piece_count &&
           stream->done == stream->pieces[stream->piece].length) {
        stream->piece++;
        stream->done = 0;
    }
    if (stream->piece == stream->piece_count)
        return SOURCE_END;
    size = take(stream, bytes, capacity);
    return size > 0 ? (ptrdiff_t)size : start_fetch(stream);
}

static ptrdiff_t stream_read(struct source *source, char *bytes, size_t capacity)
{
    struct download_stream *stream = (struct download_stream *)source;
    ptrdiff_t size;

    (void)pthread_mutex_lock(&stream->mutex);
    size = read_locked(stream, bytes, capacity);
    (void)pthread_mutex_unlock(&stream->mutex);
    return size;
}

static void stream_release(struct source *source)
{
    stream_unref((struct download_stream *)source);
}

/* ---- making one --------------------------------------------------------------------------- */

static bool has_place(const struct download *download)
{
    if (atomic_fetch_add(download->streams, 1) < download->streams_max)
        return true;
    (void)atomic_fetch_sub(download->streams, 1);
    return false;
}

int download_stream_new(const struct call *call, const struct download *download,
                        struct download_stream **ret_stream)
{
    struct download_stream *stream;

    if (!has_place(download))
        return DOWNLOAD_STREAM_E_BUSY;
    stream = calloc(1, sizeof(*stream));
    if (!stream) {
        (void)atomic_fetch_sub(download->streams, 1);
        return log_fail(ERR_NO_MEMORY, "cannot send: out of memory");
    }
    stream->source.read = stream_read;
    stream->source.release = stream_release;
    stream->job.run = fetch;
    stream->download = *download;
    stream->waker = request_waker(call->request);
    stream->references = 1;
    (void)pthread_mutex_init(&stream->mutex, NULL);
    *ret_stream = stream;
    return 0;
}

void download_stream_text(struct download_stream *stream, const char *format, ...)
{
    struct piece *piece = &stream->pieces[stream->piece_count];
    char *text = malloc(TEXT_MAX);
    va_list args;

    assert(stream->piece_count < PIECES_MAX);
    if (!text) {
        stream->failed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, TEXT_MAX, format, args);
    va_end(args);
    *piece = (struct piece){.text = text, .length = strlen(text)};
    stream->piece_count++;
}

void download_stream_range(struct download_stream *stream, uint64_t first, uint64_t length)
{
    assert(stream->piece_count < PIECES_MAX);
    stream->pieces[stream->piece_count++] = (struct piece){.first = first, .length = length};
}

uint64_t download_stream_length(const struct download_stream *stream)
{
    uint64_t length = 0;

    for (size_t i = 0; i < stream->piece_count; i++)
        length += stream->pieces[i].length;
    return length;
}

struct source *download_stream_source(struct download_stream *stream)
{
    return &stream->source;
}
