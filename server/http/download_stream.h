/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_DOWNLOAD_STREAM_H
#define HTTP_DOWNLOAD_STREAM_H

#include "base/error.h"
#include "http/download.h"

#include <stdint.h>

/* The body of a download that is not one range of a file: pieces of text and of the artifact. */
struct download_stream;

enum {
    DOWNLOAD_STREAM_E_BUSY = 1, /* download->streams_max is reached */
};

/* Takes the download's fd and object once it was made. */
int download_stream_new(const struct call *call, const struct download *download,
                        struct download_stream **ret_stream) MUST_CHECK;

/* Pieces, in order: at most 2 * RANGE_MAX + 1, texts of at most 512 bytes. */
void download_stream_text(struct download_stream *stream, const char *format, ...)
    PRINTF_LIKE(2, 3);
void download_stream_range(struct download_stream *stream, uint64_t first, uint64_t length);

/* Of all pieces. */
uint64_t download_stream_length(const struct download_stream *stream);

/* The stream as a source, whose release() frees it. */
struct source *download_stream_source(struct download_stream *stream);

#endif
