/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/download.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/progress.h"
#include "cli/transfer/hashing.h"
#include "crypto/text.h"
#include "lib/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)
#define WAIT_SLICE_MS 15000

/* Beside 0, exit statuses and negatives: there was no answer, or the answer was cut off. */
#define STEP_AGAIN 1000

struct download {
    struct server *server;
    struct interrupt *interrupt;
    const struct manifest_artifact *artifact;
    const char *what; /* for errors */
    const char *part; /* the file that grows; NULL: only hashing */
    int fd;           /* of it, or -1 */
    uint64_t done;    /* bytes hashed, and written */
    struct digest_sha256 digest;
    struct progress progress;
    struct retry retry;
    int64_t deadline_us;
    bool write_failed;
    struct http_response response;
    int outcome;
};

static void release(struct download *download)
{
    http_response_release(&download->response);
    if (download->fd >= 0)
        (void)close(download->fd);
}

static void postpone_deadline(struct download *download)
{
    struct cli *cli = download->server->cli;

    download->deadline_us = clock_monotonic_us(cli->clock) + cli->flags.retry_ms * 1000;
    retry_succeeded(&download->retry);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static int start_over(struct download *download)
{
    digest_sha256_init(&download->digest);
    download->done = 0;
    if (download->fd < 0)
        return 0;
    if (ftruncate(download->fd, 0) < 0 || lseek(download->fd, 0, SEEK_SET) < 0)
        return log_fail_errno("cannot write '%s'", download->part);
    return 0;
}

/* The response is a part that starts where we are, or all of it. */
static int on_headers(void *state, const struct http_response *response)
{
    struct download *download = state;

    if (response->status == 200 && download->done > 0)
        return start_over(download);
    return 0;
}

static int on_body(void *state, const void *bytes, size_t size)
{
    struct download *download = state;

    if (download->fd >= 0 && file_write_all(download->fd, bytes, size)) {
        download->write_failed = true;
        return -1;
    }
    digest_sha256_update(&download->digest, bytes, size);
    download->done += size;
    progress_update(&download->progress, download->done);
    return 0;
}

static int on_progress(void *state, uint64_t done_bytes, uint64_t total_bytes)
{
    struct download *download = state;

    (void)done_bytes;
    (void)total_bytes;
    return interrupt_pending(download->interrupt) ? -1 : 0;
}

static bool is_cut(const struct download *download)
{
    int status = download->response.status;

    return download->outcome == HTTP_E_UNREACHABLE || download->outcome == HTTP_E_TIMEOUT ||
           download->outcome == HTTP_E_CUT ||
           (download->outcome == 0 &&
            (status == 429 || status == 502 || status == 503 || status == 504));
}

static int interrupted(struct download *download)
{
    progress_end(&download->progress, NULL);
    return output_fail(&download->server->cli->output, CLI_INTERRUPTED,
                       download->part ? "what came is kept: the same command goes on from there"
                                      : NULL,
                       "interrupted while downloading '%s'", download->artifact->name);
}

/* One request for what is missing. Returns 0 once the response ended, whole or not. */
static int ask(struct download *download)
{
    uint64_t length = (uint64_t)download->artifact->length;
    char hex[DIGEST_SHA256_HEX_SIZE];
    char range[48];
    struct http_header headers[] = {
        {"Range", range}
    };
    struct http_request request = {
        .token = download->server->token,
        .on_headers = on_headers,
        .on_body = on_body,
        .on_progress = on_progress,
        .state = download,
        .stream_bytes_max = length,
    };
    uint64_t before = download->done;

    text_hex(download->artifact->sha256, DIGEST_SHA256_SIZE, hex);
    request.url = SERVER_ADDRESS(download->server, "artifacts", hex);
    if (download->done > 0) {
        (void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)download->done);
        request.headers = headers;
        request.header_count = ARRAY_LEN(headers);
    }
    http_response_release(&download->response);
    download->response = (struct http_response){0};
    progress_resume(&download->progress, download->done);
    download->outcome = http_request(download->server->http, &request, &download->response);
    if (download->done > before)
        postpone_deadline(download);
    if (download->outcome < 0)
        return download->outcome;
    if (download->interrupt->seen)
        return interrupted(download);
    if (download->write_failed)
        return ERR_INTERNAL; /* logged where it arose */
    return is_cut(download) ? STEP_AGAIN : 0;
}

/* ---- until it is whole -------------------------------------------------------------------- */

static int give_up(struct download *download)
{
    char why[HTTP_ERROR_SIZE + 256];

    http_response_explain(&download->response, why, sizeof(why));
    progress_end(&download->progress, NULL);
    return output_fail(&download->server->cli->output, CLI_UNREACHABLE,
                       download->part ? "what came is kept: the same command goes on from there"
                                      : "try again",
                       "cannot %s: %s", download->what, why[0] ? why : "no progress");
}

static int wait_out(struct download *download)
{
    struct cli *cli = download->server->cli;
    const char *after = http_response_header(&download->response, "Retry-After");
    int64_t wait_ms =
        retry_failed(&download->retry, retry_parse_after(after, clock_wall_ms(cli->clock)));
    int64_t left_ms = (download->deadline_us - clock_monotonic_us(cli->clock)) / 1000;

    if (left_ms <= 0)
        return give_up(download);
    if (wait_ms > left_ms)
        wait_ms = left_ms;
    if (interrupt_sleep(download->interrupt,
                        (int)(wait_ms < WAIT_SLICE_MS ? wait_ms : WAIT_SLICE_MS)))
        return interrupted(download);
    return 0;
}

static int fetch(struct download *download)
{
    uint64_t length = (uint64_t)download->artifact->length;
    int r;

    postpone_deadline(download);
    while (download->done < length) {
        r = ask(download);
        if (r == STEP_AGAIN)
            r = wait_out(download);
        else if (!r && download->outcome != 0)
            r = server_report(download->server, download->what, download->outcome,
                              &download->response);
        else if (!r && download->response.status != 200 && download->response.status != 206)
            r = server_report(download->server, download->what, 0, &download->response);
        else if (!r && download->done < length)
            break; /* a whole response that is too short: the check says so */
        if (r)
            return r;
    }
    return 0;
}

/* The digest says whether the bytes are those that were signed. */
static int check(struct download *download)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    progress_end(&download->progress, NULL);
    digest_sha256_final(&download->digest, digest);
    if (download->done == (uint64_t)download->artifact->length &&
        memcmp(digest, download->artifact->sha256, sizeof(digest)) == 0)
        return 0;
    if (download->part)
        (void)unlink(download->part);
    return output_fail(&download->server->cli->output, CLI_UNVERIFIED,
                       "the server's copy is damaged or was tampered with: do not use it",
                       "the bytes of '%s' are not those that the manifest names",
                       download->artifact->name);
}

/* ---- files -------------------------------------------------------------------------------- */

/* What an earlier process left is hashed, and cut where it is longer than it may be. */
static int open_part(struct download *download)
{
    AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
    ssize_t count;

    download->fd = open(download->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (!chunk || download->fd < 0)
        return output_fail(&download->server->cli->output, CLI_FAILED, NULL,
                           "cannot write '%s': %s", download->part, strerror(errno));
    for (count = read(download->fd, chunk, CHUNK_BYTES); count > 0;
         count = read(download->fd, chunk, CHUNK_BYTES)) {
        digest_sha256_update(&download->digest, chunk, (size_t)count);
        download->done += (uint64_t)count;
    }
    if (count < 0)
        return log_fail_errno("cannot read '%s'", download->part);
    if (download->done > (uint64_t)download->artifact->length)
        return start_over(download);
    return 0;
}

/* Returns 0 with ret_there where the right file is there already. */
static int look_for(struct download *download, const char *path, bool *ret_there)
{
    struct cli *cli = download->server->cli;
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint64_t size;
    int r;

    if (access(path, F_OK) < 0) {
        *ret_there = false;
        return 0;
    }
    r = hashing_file(cli, download->interrupt, path, &size, digest);
    if (r)
        return r;
    if (memcmp(digest, download->artifact->sha256, sizeof(digest)) != 0)
        return output_fail(&cli->output, CLI_FAILED,
                           "remove it, or choose another folder with --output",
                           "'%s' exists and is something else", path);
    *ret_there = true;
    return 0;
}

static int keep(struct download *download, const char *folder, const char *path)
{
    if (fsync(download->fd) < 0 || rename(download->part, path) < 0)
        return log_fail_errno("cannot write '%s'", path);
    return file_sync_dir(AT_FDCWD, folder);
}

int download_artifact(struct server *server, struct interrupt *interrupt, const char *folder,
                      const struct manifest_artifact *artifact)
{
    struct cli *cli = server->cli;
    CLEANUP(release)
    struct download download = {
        .server = server,
        .interrupt = interrupt,
        .artifact = artifact,
        .what = arena_printf(&cli->arena, "download '%s'", artifact->name),
        .fd = -1,
        .retry = {.base_ms = 250, .cap_ms = 5000},
    };
    const char *path = NULL;
    bool there = false;
    int r = 0;

    digest_sha256_init(&download.digest);
    if (folder) {
        path = arena_printf(&cli->arena, "%s/%s", folder, artifact->name);
        r = look_for(&download, path, &there);
        if (r || there)
            return r;
        download.part = arena_printf(&cli->arena, "%s/.%s.part", folder, artifact->name);
        r = open_part(&download);
    }
    if (r)
        return r;
    progress_begin(&download.progress, &cli->output, cli->clock, artifact->name,
                   (uint64_t)artifact->length);
    r = fetch(&download);
    if (!r)
        r = check(&download);
    if (!r && folder)
        r = keep(&download, folder, path);
    return r;
}
