/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/upload.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/progress.h"
#include "cli/transfer/upload_state.h"
#include "cli/units.h"
#include "crypto/text.h"
#include "lib/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Below this a PUT is cheaper than tus's three requests. */
#define PUT_BYTES_MAX ((uint64_t)1 << 20)
#define TUS_VERSION "1.0.0"
#define WAIT_SLICE_MS 15000

/* Beside 0, exit statuses and negatives, a step may end like this: */
#define STEP_AGAIN 1000 /* there was no answer, or "not now" */

struct upload {
    struct server *server;
    struct interrupt *interrupt;
    const struct publish_file *file;
    char hex[DIGEST_SHA256_HEX_SIZE];
    const char *what; /* for errors: "upload 'model.onnx'" */
    const char *id;   /* of the tus upload; NULL: none yet */
    int fd;
    uint64_t offset;   /* what the server said that it has */
    uint64_t position; /* of the next byte to send */
    struct progress progress;
    struct retry retry;
    int64_t deadline_us; /* give up then */
    bool resumed;        /* by another process started */
    bool shrank;         /* the file ended too early */
    enum upload_way way;
    struct http_response response; /* the last one */
    int outcome;
};

static void release(struct upload *upload)
{
    http_response_release(&upload->response);
    if (upload->fd >= 0)
        (void)close(upload->fd);
}

static void postpone_deadline(struct upload *upload)
{
    struct cli *cli = upload->server->cli;

    upload->deadline_us = clock_monotonic_us(cli->clock) + cli->flags.retry_ms * 1000;
}

/* ---- asking ------------------------------------------------------------------------------- */

static int64_t give_bytes(void *state, char *bytes, size_t capacity)
{
    struct upload *upload = state;
    uint64_t left = upload->file->size_bytes - upload->position;
    size_t size = left < capacity ? (size_t)left : capacity;
    ssize_t count =
        pread(upload->fd, bytes, size, (off_t)(upload->file->start_byte + upload->position));

    if (count <= 0) {
        upload->shrank = true;
        return -1;
    }
    upload->position += (uint64_t)count;
    return count;
}

static int rewind_bytes(void *state)
{
    struct upload *upload = state;

    upload->position = upload->offset;
    return 0;
}

static int watch(void *state, uint64_t done_bytes, uint64_t total_bytes)
{
    struct upload *upload = state;

    (void)total_bytes;
    if (upload->position > upload->offset)
        progress_update(&upload->progress, upload->offset + done_bytes);
    return interrupt_pending(upload->interrupt) ? -1 : 0;
}

static bool is_transient(const struct upload *upload)
{
    switch (upload->outcome) {
    case HTTP_E_UNREACHABLE:
    case HTTP_E_TIMEOUT:
    case HTTP_E_CUT:
        return true;
    case 0:
        break;
    default:
        return false;
    }
    switch (upload->response.status) {
    case 423: /* another process sends the same bytes at the same time */
    case 429:
    case 502:
    case 503:
    case 504:
        return true;
    default:
        return false;
    }
}

static int interrupted(struct upload *upload)
{
    struct output *output = &upload->server->cli->output;
    char done[UNITS_SIZE];
    char total[UNITS_SIZE];

    progress_end(&upload->progress, NULL);
    if (!upload->id)
        return output_fail(output, CLI_INTERRUPTED, "the same command starts it again",
                           "interrupted while uploading '%s'", upload->file->name);
    units_bytes(upload->progress.done, done);
    units_bytes(upload->file->size_bytes, total);
    return output_fail(
        output, CLI_INTERRUPTED, "what the server has is kept: the same command goes on from there",
        "interrupted while uploading '%s', at %s of %s", upload->file->name, done, total);
}

/* One request; the response is in upload->response. Returns 0, STEP_AGAIN, or what ends it. */
static int ask(struct upload *upload, struct http_request *request)
{
    http_response_release(&upload->response);
    upload->response = (struct http_response){0};
    request->token = upload->server->token;
    request->on_progress = watch;
    request->state = upload;
    upload->outcome = http_request(upload->server->http, request, &upload->response);
    if (upload->outcome < 0)
        return upload->outcome;
    if (upload->interrupt->seen)
        return interrupted(upload);
    if (upload->shrank)
        return output_fail(&upload->server->cli->output, CLI_FAILED, "run the command again",
                           "'%s' became shorter while it was uploaded", upload->file->path);
    return is_transient(upload) ? STEP_AGAIN : 0;
}

static int refused(struct upload *upload)
{
    progress_end(&upload->progress, NULL);
    return server_report(upload->server, upload->what, upload->outcome, &upload->response);
}

static bool succeeded(const struct upload *upload)
{
    return upload->outcome == 0 && upload->response.status >= 200 && upload->response.status < 300;
}

static bool is_gone(const struct upload *upload)
{
    return upload->outcome == 0 &&
           (upload->response.status == 404 || upload->response.status == 410);
}

/* ---- steps -------------------------------------------------------------------------------- */

static int ask_presence(struct upload *upload, bool *ret_present)
{
    struct http_request request = {
        .method = "HEAD",
        .url = SERVER_ADDRESS(upload->server, "artifacts", upload->hex),
    };
    int r;

    r = ask(upload, &request);
    if (r)
        return r;
    if (!succeeded(upload) && !is_gone(upload))
        return refused(upload);
    *ret_present = succeeded(upload);
    return 0;
}

static int create(struct upload *upload)
{
    char base64[TEXT_BASE64_SIZE(DIGEST_SHA256_HEX_SIZE - 1)];
    char length[24];
    char metadata[sizeof(base64) + 16];
    struct http_header headers[] = {
        {"Tus-Resumable",   TUS_VERSION},
        {"Upload-Length",   length     },
        {"Upload-Metadata", metadata   },
    };
    struct http_request request = {
        .method = "POST",
        .url = SERVER_ADDRESS(upload->server, "uploads"),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
    };
    int r;

    text_base64((const uint8_t *)upload->hex, strlen(upload->hex), base64);
    (void)snprintf(length, sizeof(length), "%llu", (unsigned long long)upload->file->size_bytes);
    (void)snprintf(metadata, sizeof(metadata), "sha256 %s", base64);
    r = ask(upload, &request);
    if (r)
        return r;
    if (!succeeded(upload))
        return refused(upload);
    upload->id = upload_state_id(&upload->server->cli->arena,
                                 http_response_header(&upload->response, "Location"));
    if (!upload->id)
        return output_fail(&upload->server->cli->output, CLI_FAILED,
                           "is this the address of a modelferry server?",
                           "cannot %s: the answer says no Location", upload->what);
    upload_state_write(upload->server->url, upload->file->sha256, upload->id);
    upload->offset = 0;
    return 0;
}

/* The upload is no more: it was completed, or expired. The next step finds out. */
static int forget(struct upload *upload)
{
    upload_state_forget(upload->server->url, upload->file->sha256);
    upload->id = NULL;
    upload->resumed = false;
    return STEP_AGAIN;
}

static int ask_offset(struct upload *upload)
{
    struct http_header headers[] = {
        {"Tus-Resumable", TUS_VERSION}
    };
    struct http_request request = {
        .method = "HEAD",
        .url = SERVER_ADDRESS(upload->server, "uploads", upload->id),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
    };
    int64_t offset;
    int r;

    r = ask(upload, &request);
    if (r)
        return r;
    if (is_gone(upload))
        return forget(upload);
    if (!succeeded(upload))
        return refused(upload);
    offset = http_response_number(&upload->response, "Upload-Offset", -1);
    if (offset < 0 || (uint64_t)offset > upload->file->size_bytes)
        return forget(upload);
    if ((uint64_t)offset > upload->offset) {
        postpone_deadline(upload);
        retry_succeeded(&upload->retry);
    }
    upload->offset = (uint64_t)offset;
    return 0;
}

static int send_rest(struct upload *upload)
{
    char offset[24];
    struct http_header headers[] = {
        {"Tus-Resumable", TUS_VERSION                      },
        {"Upload-Offset", offset                           },
        {"Content-Type",  "application/offset+octet-stream"},
    };
    struct http_request request = {
        .method = "PATCH",
        .url = SERVER_ADDRESS(upload->server, "uploads", upload->id),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .on_upload = give_bytes,
        .on_rewind = rewind_bytes,
        .upload_size = upload->file->size_bytes - upload->offset,
    };
    char problem[64];
    int r;

    (void)snprintf(offset, sizeof(offset), "%llu", (unsigned long long)upload->offset);
    upload->position = upload->offset;
    progress_resume(&upload->progress, upload->offset);
    r = ask(upload, &request);
    if (r)
        return r;
    if (succeeded(upload))
        return 0;
    if (is_gone(upload))
        return forget(upload);
    http_response_problem(&upload->response, problem, sizeof(problem));
    /* Somebody else moved it on: ask where it is. */
    if (upload->outcome == 0 && upload->response.status == 409 &&
        strcmp(problem, "upload-offset") == 0)
        return STEP_AGAIN;
    upload_state_forget(upload->server->url, upload->file->sha256);
    return refused(upload);
}

/* From wherever it stands to the end, or to the first thing that goes wrong. */
static int step_tus(struct upload *upload)
{
    bool present = false;
    int r;

    if (upload->id) {
        r = ask_offset(upload);
    } else {
        r = ask_presence(upload, &present);
        if (!r && !present)
            r = create(upload);
    }
    if (r || present)
        return r;
    if (upload->offset > 0 && upload->resumed)
        upload->way = UPLOAD_RESUMED;
    if (upload->offset == upload->file->size_bytes)
        return 0;
    return send_rest(upload);
}

static int step_put(struct upload *upload)
{
    struct http_header headers[] = {
        {"Content-Type", "application/octet-stream"}
    };
    struct http_request request = {
        .method = "PUT",
        .url = SERVER_ADDRESS(upload->server, "artifacts", upload->hex),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .on_upload = give_bytes,
        .on_rewind = rewind_bytes,
        .upload_size = upload->file->size_bytes,
    };
    int r;

    upload->position = 0;
    if (request.upload_size == 0) {
        request.on_upload = NULL;
        request.on_rewind = NULL;
        request.body = "";
    }
    r = ask(upload, &request);
    if (r)
        return r;
    return succeeded(upload) ? 0 : refused(upload);
}

/* ---- until it is there -------------------------------------------------------------------- */

static int give_up(struct upload *upload)
{
    char why[HTTP_ERROR_SIZE + 256];

    http_response_explain(&upload->response, why, sizeof(why));
    progress_end(&upload->progress, NULL);
    return output_fail(&upload->server->cli->output, CLI_UNREACHABLE,
                       "what the server has is kept: the same command goes on from there",
                       "cannot %s: %s", upload->what, why[0] ? why : "no progress");
}

/* Waits out a failure. Returns 0 where it shall be tried again. */
static int wait_out(struct upload *upload)
{
    struct cli *cli = upload->server->cli;
    const char *after = http_response_header(&upload->response, "Retry-After");
    int64_t wait_ms =
        retry_failed(&upload->retry, retry_parse_after(after, clock_wall_ms(cli->clock)));
    int64_t left_ms = (upload->deadline_us - clock_monotonic_us(cli->clock)) / 1000;

    if (left_ms <= 0)
        return give_up(upload);
    if (wait_ms > left_ms)
        wait_ms = left_ms;
    if (interrupt_sleep(upload->interrupt,
                        (int)(wait_ms < WAIT_SLICE_MS ? wait_ms : WAIT_SLICE_MS)))
        return interrupted(upload);
    return 0;
}

static int run(struct upload *upload)
{
    bool small = upload->file->size_bytes <= PUT_BYTES_MAX;
    int r;

    postpone_deadline(upload);
    for (;;) {
        r = small ? step_put(upload) : step_tus(upload);
        if (r != STEP_AGAIN)
            return r;
        r = wait_out(upload);
        if (r)
            return r;
    }
}

int upload_artifact(struct server *server, struct interrupt *interrupt,
                    const struct publish_file *file, enum upload_way *ret_way)
{
    struct cli *cli = server->cli;
    CLEANUP(release)
    struct upload upload = {
        .server = server,
        .interrupt = interrupt,
        .file = file,
        .what = arena_printf(&cli->arena, "upload '%s'", file->name),
        .id = upload_state_read(&cli->arena, server->url, file->sha256),
        .fd = open(file->path, O_RDONLY | O_CLOEXEC),
        .retry = {.base_ms = 250, .cap_ms = 5000},
        .way = UPLOAD_SENT,
    };
    bool present = false;
    int r;

    if (upload.fd < 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", file->path,
                           strerror(errno));
    upload.resumed = upload.id != NULL;
    text_hex(file->sha256, DIGEST_SHA256_SIZE, upload.hex);
    progress_begin(&upload.progress, &cli->output, cli->clock, file->name, file->size_bytes);
    r = ask_presence(&upload, &present);
    if (r == STEP_AGAIN)
        r = 0; /* the loop waits for the server */
    if (!r && !present)
        r = run(&upload);
    progress_end(&upload.progress, NULL);
    if (r)
        return r;
    upload_state_forget(server->url, file->sha256);
    *ret_way = present ? UPLOAD_PRESENT : upload.way;
    return 0;
}
