/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fetch.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/text.h"
#include "lib/retry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REHASH_BYTES ((size_t)64 << 10)
#define REHASH_TURN_BYTES ((int64_t)8 << 20)
#define FLUSH_BYTES ((int64_t)8 << 20)

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

void fetch_path(const uint8_t sha256[static DIGEST_SHA256_SIZE],
                char ret_path[static FETCH_PATH_SIZE])
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    (void)snprintf(ret_path, FETCH_PATH_SIZE, "downloads/%s", hex);
}

static void part_path(const struct fetch *fetch, char ret_path[static FETCH_PATH_SIZE])
{
    (void)snprintf(ret_path, FETCH_PATH_SIZE, "%.*s.part", FETCH_PATH_SIZE - 6, fetch->path);
}

static void release(struct fetch *fetch)
{
    http_cancel(fetch->loop->http, fetch->transfer);
    fetch->transfer = NULL;
    loop_disarm(fetch->loop, &fetch->work);
    if (fetch->fd >= 0) /* gives back what was preallocated behind the end */
        (void)ftruncate(fetch->fd, fetch->offset);
    cleanup_close(&fetch->fd);
    fetch->fd = -1;
    free(fetch->url);
    free(fetch->token);
    fetch->url = NULL;
    fetch->token = NULL;
    fetch->busy = false;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch->busy)
        release(fetch);
}

static void finish(struct fetch *fetch, enum fetch_outcome outcome, int64_t retry_after_ms,
                   const char *detail)
{
    char copy[FETCH_DETAIL_SIZE];
    char part[FETCH_PATH_SIZE];

    (void)snprintf(copy, sizeof(copy), "%s", detail);
    release(fetch);
    if (outcome == FETCH_E_HASH || outcome == FETCH_E_ENDLESS || outcome == FETCH_E_NO_SPACE) {
        part_path(fetch, part);
        (void)unlinkat(fetch->store->dir_fd, part, 0);
    }
    fetch->done(fetch->state, outcome, retry_after_ms, copy);
}

static void finish_errno(struct fetch *fetch, const char *what, int error)
{
    char detail[FETCH_DETAIL_SIZE];
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;

    (void)snprintf(detail, sizeof(detail), "cannot %s '%s/%s': %s%s", what, fetch->store->path,
                   fetch->path, strerror(error),
                   full ? "; free some space, the agent tries again by itself" : "");
    finish(fetch, full ? FETCH_E_NO_SPACE : FETCH_E_SYSTEM, -1, detail);
}

/* ---- all bytes are there */

static void conclude(struct fetch *fetch)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char detail[FETCH_DETAIL_SIZE];
    char part[FETCH_PATH_SIZE];
    char got[DIGEST_SHA256_HEX_SIZE];

    digest_sha256_final(&fetch->digest, digest);
    if (memcmp(digest, fetch->order.sha256, sizeof(digest)) != 0) {
        text_hex(digest, sizeof(digest), got);
        (void)snprintf(detail, sizeof(detail),
                       "artifact %s has the wrong bytes: their SHA-256 is %s",
                       fetch->path + sizeof("downloads/") - 1, got);
        finish(fetch, FETCH_E_HASH, -1, detail);
        return;
    }
    if (fdatasync(fetch->fd) < 0) {
        finish_errno(fetch, "sync", errno);
        return;
    }
    part_path(fetch, part);
    if (renameat(fetch->store->dir_fd, part, fetch->store->dir_fd, fetch->path) < 0) {
        finish_errno(fetch, "rename", errno);
        return;
    }
    if (file_sync_dir(fetch->store->dir_fd, "downloads")) {
        finish(fetch, FETCH_E_SYSTEM, -1, "cannot sync the downloads directory");
        return;
    }
    finish(fetch, FETCH_OK, -1, "");
}

/* ---- the transfer */

/*
 * Starts writeback of what is whole in the background, so that the disk works while the network
 * does and the final fdatasync is short.
 */
static void flush_early(struct fetch *fetch)
{
    if (fetch->offset - fetch->flushed < FLUSH_BYTES)
        return;
    (void)sync_file_range(fetch->fd, fetch->flushed, fetch->offset - fetch->flushed,
                          SYNC_FILE_RANGE_WRITE);
    fetch->flushed = fetch->offset;
}

static int on_body(void *state, const void *bytes, size_t size)
{
    struct fetch *fetch = state;
    const char *cursor = bytes;
    size_t left = size;

    if ((int64_t)size > fetch->order.length - fetch->offset)
        return -1;
    while (left > 0) {
        ssize_t count = write(fetch->fd, cursor, left);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            fetch->write_error = errno;
            return -1;
        }
        digest_sha256_update(&fetch->digest, cursor, (size_t)count);
        fetch->offset += count;
        cursor += count;
        left -= (size_t)count;
    }
    flush_early(fetch);
    return 0;
}

/* Starts the file over, where the server did not take up where we asked it to. */
static int start_over(struct fetch *fetch)
{
    if (ftruncate(fetch->fd, 0) < 0 || lseek(fetch->fd, 0, SEEK_SET) < 0) {
        fetch->write_error = errno;
        return -1;
    }
    digest_sha256_init(&fetch->digest);
    fetch->offset = 0;
    fetch->resumed = 0;
    fetch->flushed = 0;
    return 0;
}

static int on_headers(void *state, const struct http_response *response)
{
    struct fetch *fetch = state;
    /* reading a header marks its end in the buffer: harmless, and the response is ours */
    struct http_response *readable = (struct http_response *)(uintptr_t)response;
    const char *range;
    int64_t first;

    if (response->status == 200)
        return fetch->offset ? start_over(fetch) : 0;
    if (response->status != 206)
        return 0;
    range = http_response_header(readable, "Content-Range");
    if (!range || sscanf(range, "bytes %" SCNd64 "-", &first) != 1 || first != fetch->offset)
        return -1;
    return 0;
}

static bool is_transient(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static void on_answer(struct fetch *fetch, struct http_response *response, const char *detail)
{
    int64_t retry_after_ms = retry_parse_after(http_response_header(response, "Retry-After"),
                                               clock_wall_ms(clock_system()));

    if (response->status == 416) { /* what we have cannot be a beginning of what they have */
        finish(fetch, FETCH_E_HASH, -1, detail);
        return;
    }
    if (response->status != 200 && response->status != 206) {
        finish(fetch, is_transient(response->status) ? FETCH_E_NETWORK : FETCH_E_REFUSED,
               retry_after_ms, detail);
        return;
    }
    /* the whole of another file, and not a part of ours */
    if (fetch->offset < fetch->order.length && response->status == 200 &&
        http_response_header(response, "Content-Length")) {
        finish(fetch, FETCH_E_HASH, -1, "the artifact is shorter than what was signed");
        return;
    }
    if (fetch->offset < fetch->order.length) {
        finish(fetch, FETCH_E_NETWORK, -1, "the artifact ended early");
        return;
    }
    conclude(fetch);
}

static void on_done(void *state, int outcome, struct http_response *response)
{
    struct fetch *fetch = state;
    char detail[FETCH_DETAIL_SIZE];

    fetch->transfer = NULL;
    http_response_explain(response, detail, sizeof(detail));
    if (fetch->write_error) {
        finish_errno(fetch, "write", fetch->write_error);
        return;
    }
    if (outcome == HTTP_E_ABORTED) {
        finish(fetch, FETCH_E_ENDLESS, -1, "the artifact is longer than its manifest says");
        return;
    }
    if (outcome) {
        finish(fetch, outcome == HTTP_E_TIMEOUT ? FETCH_E_SLOW : FETCH_E_NETWORK, -1, detail);
        return;
    }
    on_answer(fetch, response, detail);
}

/* ENOSPC shows before the download instead of at its end; blocks behind the end are given back. */
static int preallocate(const struct fetch *fetch)
{
    int64_t left = fetch->order.length - fetch->offset;

    if (fallocate(fetch->fd, FALLOC_FL_KEEP_SIZE, fetch->offset, left) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
}

static void request_rest(struct fetch *fetch)
{
    struct http_request request = {.url = fetch->url, .token = fetch->token};
    struct http_header headers[2];
    char range[64];
    char etag[DIGEST_SHA256_HEX_SIZE + 2];
    int error = preallocate(fetch);

    if (error) {
        finish_errno(fetch, "make room for", error);
        return;
    }
    if (fetch->offset) {
        (void)snprintf(range, sizeof(range), "bytes=%" PRId64 "-", fetch->offset);
        (void)snprintf(etag, sizeof(etag), "\"%s\"", fetch->path + sizeof("downloads/") - 1);
        headers[0] = (struct http_header){"Range", range};
        headers[1] = (struct http_header){"If-Range", etag};
        request.headers = headers;
        request.header_count = 2;
    }
    request.on_headers = on_headers;
    request.on_body = on_body;
    request.state = fetch;
    if (http_start(fetch->loop->http, &request, on_done, &fetch->transfer))
        finish(fetch, FETCH_E_SYSTEM, -1, "cannot start the download");
}

/* ---- what an earlier attempt left */

static void rehash_piece(struct fetch *fetch, int64_t size)
{
    char bytes[REHASH_BYTES];
    int64_t goal = fetch->offset + REHASH_TURN_BYTES;

    if (goal > size)
        goal = size;
    while (fetch->offset < goal) {
        ssize_t count = pread(fetch->fd, bytes, sizeof(bytes), fetch->offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            finish_errno(fetch, "read", count < 0 ? errno : EIO);
            return;
        }
        digest_sha256_update(&fetch->digest, bytes, (size_t)count);
        fetch->offset += count;
    }
    loop_arm(fetch->loop, &fetch->work, 0);
}

static void work(void *state)
{
    struct fetch *fetch = state;
    struct stat stat;

    if (fstat(fetch->fd, &stat) < 0) {
        finish_errno(fetch, "look at", errno);
        return;
    }
    if (stat.st_size > fetch->order.length) {
        if (start_over(fetch))
            finish_errno(fetch, "start over", fetch->write_error);
        else
            request_rest(fetch);
        return;
    }
    if (fetch->offset < stat.st_size) {
        rehash_piece(fetch, stat.st_size);
        return;
    }
    fetch->resumed = fetch->offset;
    fetch->flushed = fetch->offset;
    if (fetch->offset == fetch->order.length)
        conclude(fetch);
    else if (lseek(fetch->fd, fetch->offset, SEEK_SET) < 0)
        finish_errno(fetch, "seek in", errno);
    else
        request_rest(fetch);
}

/* What cannot be opened, such as another user's, must not stand in the way for good. */
static int open_part(const struct store *store, const char *part)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(store->dir_fd, part, flags, 0600);

    if (fd >= 0 || (errno != EACCES && errno != ELOOP))
        return fd;
    return unlinkat(store->dir_fd, part, 0) < 0 ? -1 : openat(store->dir_fd, part, flags, 0600);
}

int fetch_start(struct fetch *fetch, struct loop *loop, const struct store *store,
                const struct fetch_order *order,
                void (*done)(void *state, enum fetch_outcome outcome, int64_t retry_after_ms,
                             const char *detail),
                void *state)
{
    char part[FETCH_PATH_SIZE];

    *fetch = (struct fetch){.loop = loop,
                            .store = store,
                            .order = *order,
                            .done = done,
                            .state = state,
                            .fd = -1,
                            .busy = true};
    fetch->work.fire = work;
    fetch->work.state = fetch;
    fetch->url = strdup(order->url);
    fetch->token = order->token ? strdup(order->token) : NULL;
    if (!fetch->url || (order->token && !fetch->token)) {
        release(fetch);
        return log_fail(ERR_NO_MEMORY, "cannot download: out of memory");
    }
    digest_sha256_init(&fetch->digest);
    fetch_path(order->sha256, fetch->path);
    part_path(fetch, part);
    fetch->fd = open_part(store, part);
    if (fetch->fd < 0) {
        int r = log_fail_errno("cannot open '%s/%s'", store->path, part);

        release(fetch);
        return r;
    }
    loop_arm(loop, &fetch->work, 0);
    return 0;
}

/* ---- sweeping */

static bool is_kept(const char *name, const uint8_t (*keep)[DIGEST_SHA256_SIZE], size_t keep_count)
{
    for (size_t i = 0; i < keep_count; i++) {
        char hex[DIGEST_SHA256_HEX_SIZE];

        text_hex(keep[i], DIGEST_SHA256_SIZE, hex);
        if (strncmp(name, hex, sizeof(hex) - 1) == 0)
            return true;
    }
    return false;
}

int fetch_sweep(const struct store *store, const uint8_t (*keep)[DIGEST_SHA256_SIZE],
                size_t keep_count)
{
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    int fd = openat(store->dir_fd, "downloads", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = log_fail_errno("cannot list '%s/downloads'", store->path);

        cleanup_close(&fd);
        return r;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.' || is_kept(entry->d_name, keep, keep_count))
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
            return log_fail_errno("cannot remove 'downloads/%s'", entry->d_name);
    }
    return 0;
}
