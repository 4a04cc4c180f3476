/* SPDX-License-Identifier: Apache-2.0 */
#include "http/download.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "http/download_stream.h"
#include "http/problems.h"
#include "http/range.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* How much the listener asks a stream for at a time. */
#define BLOCK_BYTES ((size_t)64 << 10)

/* What is still owned here when the scope ends. */
static void download_drop(struct download *download)
{
    if (download->fd >= 0)
        (void)close(download->fd);
    free(download->object);
}

/* Answers 304 or 412 where a condition says so (RFC 9110, 13.2.2). */
static bool is_settled(const struct call *call, const struct download *download,
                       struct reply *reply)
{
    const char *if_match = request_header(call->request, "If-Match");
    const char *if_none_match = request_header(call->request, "If-None-Match");

    if (if_match && !range_etag_in(if_match, download->etag, true)) {
        reply_problem(reply, &problems_precondition_failed,
                      "the artifact's entity tag is %s, which If-Match does not list",
                      download->etag);
        return true;
    }
    if (if_none_match && range_etag_in(if_none_match, download->etag, false)) {
        reply_empty(reply, 304);
        return true;
    }
    return false;
}

/* The pieces of a multipart/byteranges body (RFC 9110, 14.6). */
static void add_parts(struct download_stream *stream, const struct download *download,
                      const char *boundary, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        download_stream_text(stream,
                             "%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRIu64
                             "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
                             i > 0 ? "\r\n" : "", boundary, download->content_type, ranges[i].first,
                             ranges[i].first + ranges[i].length - 1, download->size_bytes);
        download_stream_range(stream, ranges[i].first, ranges[i].length);
    }
    download_stream_text(stream, "\r\n--%s--\r\n", boundary);
}

static int reply_stream(const struct call *call, struct download *download, struct reply *reply,
                        const struct range *ranges, size_t count)
{
    const char *type = download->content_type;
    const char *boundary = request_id(call->request);
    int status = ranges ? 206 : 200;
    struct download_stream *stream;
    int r;

    r = download_stream_new(call, download, &stream);
    if (r == DOWNLOAD_STREAM_E_BUSY) {
        reply_header(reply, "Retry-After", "2");
        reply_problem(reply, &problems_unavailable,
                      "too many downloads wait for the database; try again in a moment");
        return 0;
    }
    if (r)
        return r;
    if (count > 1) {
        add_parts(stream, download, boundary, ranges, count);
        type = arena_printf(call->arena, "multipart/byteranges; boundary=%s", boundary);
    } else if (ranges) {
        download_stream_range(stream, ranges->first, ranges->length);
    } else {
        download_stream_range(stream, 0, download->size_bytes);
    }
    download->fd = -1;
    download->object = NULL;
    reply_source(reply, status, type, download_stream_length(stream), BLOCK_BYTES,
                 download_stream_source(stream));
    return 0;
}

static int reply_ranges(const struct call *call, struct download *download, struct reply *reply,
                        const struct range *ranges, size_t count)
{
    if (count == 1)
        reply_headerf(reply, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                      ranges->first, ranges->first + ranges->length - 1, download->size_bytes);
    if (count > 1 || download->fd < 0)
        return reply_stream(call, download, reply, ranges, count);
    reply_file(reply, 206, download->content_type, TAKE_FD(download->fd), ranges->first,
               ranges->length);
    return 0;
}

static int reply_whole(const struct call *call, struct download *download, struct reply *reply)
{
    if (download->fd >= 0) {
        reply_file(reply, 200, download->content_type, TAKE_FD(download->fd), 0,
                   download->size_bytes);
        return 0;
    }
    if (download->size_bytes == 0) {
        reply_bytes(reply, 200, download->content_type, "", 0);
        return 0;
    }
    return reply_stream(call, download, reply, NULL, 0);
}

int download_reply(const struct call *call, const struct download *download, struct reply *reply)
{
    CLEANUP(download_drop) struct download mine = *download;
    struct range ranges[RANGE_MAX];
    size_t count = 0;
    int r = RANGE_E_NONE;

    reply_header(reply, "ETag", mine.etag);
    reply_header(reply, "Accept-Ranges", "bytes");
    reply_header(reply, "Cache-Control", "private, max-age=31536000, immutable");
    if (is_settled(call, &mine, reply))
        return 0;
    if (strcmp(request_method(call->request), "GET") == 0 &&
        range_applies(request_header(call->request, "If-Range"), mine.etag))
        r = range_parse(request_header(call->request, "Range"), mine.size_bytes, ranges, &count);
    if (r == RANGE_E_UNSATISFIABLE) {
        reply_headerf(reply, "Content-Range", "bytes */%" PRIu64, mine.size_bytes);
        reply_problem(reply, &problems_range,
                      "the artifact has %" PRIu64 " bytes; ask for at most %d ranges within it "
                      "that do not overlap",
                      mine.size_bytes, RANGE_MAX);
        return 0;
    }
    if (r == 0)
        return reply_ranges(call, &mine, reply, ranges, count);
    return reply_whole(call, &mine, reply);
}
