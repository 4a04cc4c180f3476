/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/http_certificate.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REDIRECTS_MAX 5L
#define RECEIVE_BYTES (256L << 10)
#define RESPONSE_BYTES_MAX_DEFAULT ((size_t)1 << 20)

struct http_transfer {
    struct http *http;
    struct http_transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    struct http_request request; /* callbacks, limits; its strings are not used again */
    void (*done)(void *state, int outcome, struct http_response *response);
    struct http_response response;
    bool follows;
    bool headers_told;
    bool too_large;
    bool aborted;
    bool waiting; /* started in a callback of curl's, which takes no new ones then */
    uint64_t streamed_bytes;
    int64_t heard_us; /* when the last byte came */
    char curl_error[CURL_ERROR_SIZE];
};

struct http {
    CURLM *multi;
    struct http_settings settings; /* ours */
    struct http_transfer *transfers;
    struct pollfd fds[HTTP_POLL_MAX];
    size_t fd_count;
    int64_t wake_us; /* -1: none */
    bool inside;     /* curl is calling us back */
};

/* One row an outcome: what curl calls it. What is not here is a broken conversation. */
static const struct {
    CURLcode code;
    int outcome;
} outcomes[] = {
    {CURLE_COULDNT_RESOLVE_HOST,     HTTP_E_UNREACHABLE},
    {CURLE_COULDNT_RESOLVE_PROXY,    HTTP_E_UNREACHABLE},
    {CURLE_COULDNT_CONNECT,          HTTP_E_UNREACHABLE},
    {CURLE_SSL_CONNECT_ERROR,        HTTP_E_TLS        },
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_E_TLS        },
    {CURLE_SSL_CERTPROBLEM,          HTTP_E_TLS        },
    {CURLE_SSL_CIPHER,               HTTP_E_TLS        },
    {CURLE_SSL_ISSUER_ERROR,         HTTP_E_TLS        },
    {CURLE_SSL_CACERT_BADFILE,       HTTP_E_USAGE      },
    {CURLE_OPERATION_TIMEDOUT,       HTTP_E_TIMEOUT    },
    {CURLE_FILESIZE_EXCEEDED,        HTTP_E_TOO_LARGE  },
    {CURLE_ABORTED_BY_CALLBACK,      HTTP_E_ABORTED    },
    {CURLE_URL_MALFORMAT,            HTTP_E_USAGE      },
    {CURLE_UNSUPPORTED_PROTOCOL,     HTTP_E_USAGE      },
};

#define now_us() clock_monotonic_us(clock_system())

/* curl tells which sockets it wants watched: kept in the array that http_poll() hands out. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *state, void *socket_state)
{
    struct http *http = state;
    short events = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
    size_t i = 0;

    (void)easy;
    (void)socket_state;
    while (i < http->fd_count && http->fds[i].fd != fd)
        i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < http->fd_count)
            http->fds[i] = http->fds[--http->fd_count];
        return 0;
    }
    if (i == HTTP_POLL_MAX)
        return -1;
    http->fds[i] = (struct pollfd){.fd = fd, .events = events};
    if (i == http->fd_count)
        http->fd_count++;
    return 0;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *state)
{
    struct http *http = state;

    (void)multi;
    http->wake_us = timeout_ms < 0 ? -1 : now_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

DEFINE_CLEANUP(cleanup_http, struct http *, http_free);

int http_new(const struct http_settings *settings, struct http **ret_http)
{
    CLEANUP(cleanup_http) struct http *http = NULL;

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return log_fail(ERR_INTERNAL, "cannot start the HTTP library");
    http = calloc(1, sizeof(*http));
    if (!http) {
        curl_global_cleanup();
        return log_fail(ERR_NO_MEMORY, "cannot start an HTTP client: out of memory");
    }
    http->wake_us = -1;
    http->multi = curl_multi_init();
    if (!http->multi || !http_settings_copy(settings, &http->settings))
        return log_fail(ERR_NO_MEMORY, "cannot start an HTTP client: out of memory");
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTP_POLL_MAX / 2);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 4L);
    *ret_http = TAKE_PTR(http);
    return 0;
}

static void unlink_transfer(struct http *http, const struct http_transfer *transfer)
{
    struct http_transfer **link = &http->transfers;

    while (*link && *link != transfer)
        link = &(*link)->next;
    if (*link)
        *link = transfer->next;
}

static void free_transfer(struct http_transfer *transfer)
{
    unlink_transfer(transfer->http, transfer);
    if (transfer->easy) {
        if (!transfer->waiting)
            (void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    http_response_release(&transfer->response);
    free(transfer);
}

DEFINE_CLEANUP(cleanup_transfer, struct http_transfer *, free_transfer);

void http_free(struct http *http)
{
    if (!http)
        return;
    while (http->transfers)
        free_transfer(http->transfers);
    if (http->multi)
        (void)curl_multi_cleanup(http->multi);
    http_settings_release(&http->settings);
    free(http);
    curl_global_cleanup();
}

/* ---- what curl calls while a transfer runs */

static bool will_be_followed(const struct http_transfer *transfer)
{
    int status = transfer->response.status;

    return transfer->follows && status >= 300 && status < 400 && status != 304 && status != 300;
}

static int tell_headers(struct http_transfer *transfer)
{
    const struct http_request *request = &transfer->request;

    if (transfer->headers_told || !request->on_headers)
        return 0;
    transfer->headers_told = true;
    if (request->on_headers(request->state, &transfer->response) == 0)
        return 0;
    transfer->aborted = true;
    return -1;
}

static size_t on_curl_header(char *bytes, size_t size, size_t count, void *state)
{
    struct http_transfer *transfer = state;
    struct http_response *response = &transfer->response;
    size_t length = size * count;

    transfer->heard_us = now_us();
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        long status = 0;

        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        response->status = (int)status;
        buffer_clear(&response->headers);
        return length;
    }
    if (length <= 2) { /* the empty line */
        if (response->status < 200 || will_be_followed(transfer))
            return length;
        return tell_headers(transfer) ? 0 : length;
    }
    buffer_append(&response->headers, bytes, length);
    if (response->headers.failed) {
        transfer->too_large = true;
        return 0;
    }
    return length;
}

static size_t stream_body(struct http_transfer *transfer, const char *bytes, size_t length)
{
    const struct http_request *request = &transfer->request;

    transfer->streamed_bytes += length;
    if (request->stream_bytes_max && transfer->streamed_bytes > request->stream_bytes_max) {
        transfer->too_large = true;
        return 0;
    }
    if (request->on_body(request->state, bytes, length) == 0)
        return length;
    transfer->aborted = true;
    return 0;
}

static size_t on_curl_body(char *bytes, size_t size, size_t count, void *state)
{
    struct http_transfer *transfer = state;
    struct http_response *response = &transfer->response;
    bool good = response->status >= 200 && response->status < 300;
    size_t length = size * count;

    transfer->heard_us = now_us();
    if (will_be_followed(transfer))
        return length;
    if (good && transfer->request.on_body)
        return stream_body(transfer, bytes, length);
    response->body.ceiling = good ? transfer->request.response_bytes_max : HTTP_PROBLEM_BYTES_MAX;
    buffer_append(&response->body, bytes, length);
    if (!response->body.failed)
        return length;
    transfer->too_large = true;
    return 0;
}

static size_t on_curl_upload(char *bytes, size_t size, size_t count, void *state)
{
    struct http_transfer *transfer = state;
    int64_t given = transfer->request.on_upload(transfer->request.state, bytes, size * count);

    if (given >= 0)
        return (size_t)given;
    transfer->aborted = true;
    return CURL_READFUNC_ABORT;
}

static int on_curl_seek(void *state, curl_off_t offset, int origin)
{
    const struct http_request *request = &((struct http_transfer *)state)->request;

    if (offset != 0 || origin != SEEK_SET || !request->on_rewind)
        return CURL_SEEKFUNC_CANTSEEK;
    return request->on_rewind(request->state) ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

static int on_curl_progress(void *state, curl_off_t down_total, curl_off_t down,
                            curl_off_t up_total, curl_off_t up)
{
    struct http_transfer *transfer = state;
    const struct http_request *request = &transfer->request;
    bool uploads = up_total > 0;

    if (request->on_progress(request->state, (uint64_t)(uploads ? up : down),
                             (uint64_t)(uploads ? up_total : down_total)) == 0)
        return 0;
    transfer->aborted = true;
    return 1;
}

/* ---- setting a transfer up */

static int add_header(struct http_transfer *transfer, const char *name, const char *value)
{
    char *line = NULL;
    struct curl_slist *list;

    if (strpbrk(name, "\r\n:") || strpbrk(value, "\r\n"))
        return log_fail(ERR_INTERNAL, "cannot send header '%s': it holds a line break", name);
    if (asprintf(&line, *value ? "%s: %s" : "%s:%s", name, value) < 0)
        return log_fail(ERR_NO_MEMORY, "cannot send a request: out of memory");
    list = curl_slist_append(transfer->headers, line);
    free(line);
    if (!list)
        return log_fail(ERR_NO_MEMORY, "cannot send a request: out of memory");
    transfer->headers = list;
    return 0;
}

static int set_headers(struct http_transfer *transfer, const struct http_request *request)
{
    bool has_type = false;
    int r = 0;

    for (size_t i = 0; !r && i < request->header_count; i++) {
        has_type = has_type || strcasecmp(request->headers[i].name, "Content-Type") == 0;
        r = add_header(transfer, request->headers[i].name, request->headers[i].value);
    }
    if (!r && !has_type && (request->body || request->on_upload))
        r = add_header(transfer, "Content-Type",
                       request->on_upload ? "application/octet-stream" : "application/json");
    if (!r && request->token) {
        char value[1024];

        if (snprintf(value, sizeof(value), "Bearer %s", request->token) >= (int)sizeof(value))
            return log_fail(ERR_INTERNAL, "cannot send a request: the token is too long");
        r = add_header(transfer, "Authorization", value);
    }
    if (!r)
        (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return r;
}

static void set_method(struct http_transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;
    const char *method = request->method;

    if (!method)
        method = request->body || request->on_upload ? "POST" : "GET";
    transfer->follows = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (strcmp(method, "HEAD") == 0)
        (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request->on_upload) {
        (void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->upload_size);
        (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_curl_upload);
        (void)curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
        (void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_curl_seek);
        (void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
        (void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, RECEIVE_BYTES);
    } else if (request->body || (!transfer->follows && strcmp(method, "DELETE") != 0)) {
        (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    if (strcmp(method, "HEAD") != 0)
        (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_limits(struct http_transfer *transfer, const struct http_request *request)
{
    const struct http *http = transfer->http;
    CURL *easy = transfer->easy;
    bool secure = strncasecmp(request->url, "https:", 6) == 0;

    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* URLs are used as they are given */
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, transfer->follows ? 1L : 0L);
    (void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)http->settings.connect_timeout_ms);
    if (request->timeout_ms)
        (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    if (request->silence_s)
        return; /* curl counts bytes a second; a heartbeat now and then is less than one */
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)http->settings.low_speed_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)http->settings.low_speed_timeout_s);
}

static void set_callbacks(struct http_transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_curl_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_curl_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    if (!request->on_progress)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_curl_progress);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
}

static void set_connection(struct http_transfer *transfer)
{
    const struct http *http = transfer->http;
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, http->settings.user_agent);
    if (http->settings.ca_file)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, http->settings.ca_file);
    (void)curl_easy_setopt(easy, CURLOPT_SSLCERT, http->settings.client_cert_file);
    (void)curl_easy_setopt(easy, CURLOPT_SSLKEY, http->settings.client_key_file);
}

int http_start(struct http *http, const struct http_request *request,
               void (*done)(void *state, int outcome, struct http_response *response),
               struct http_transfer **ret_transfer)
{
    CLEANUP(cleanup_transfer) struct http_transfer *transfer = calloc(1, sizeof(*transfer));
    int r;

    if (!transfer)
        return log_fail(ERR_NO_MEMORY, "cannot send a request: out of memory");
    transfer->http = http;
    transfer->request = *request;
    transfer->done = done;
    if (!transfer->request.response_bytes_max)
        transfer->request.response_bytes_max = RESPONSE_BYTES_MAX_DEFAULT;
    transfer->response.headers = BUFFER(HTTP_HEADERS_BYTES_MAX);
    transfer->response.body = BUFFER(HTTP_PROBLEM_BYTES_MAX);
    transfer->easy = curl_easy_init();
    if (!transfer->easy || curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url))
        return log_fail(ERR_NO_MEMORY, "cannot send a request: out of memory");
    set_method(transfer, request);
    set_connection(transfer);
    set_limits(transfer, request);
    set_callbacks(transfer, request);
    r = set_headers(transfer, request);
    if (r)
        return r;
    transfer->heard_us = now_us();
    transfer->waiting = http->inside;
    if (!http->inside && curl_multi_add_handle(http->multi, transfer->easy))
        return log_fail(ERR_INTERNAL, "cannot send a request: the HTTP library refused it");
    transfer->next = http->transfers;
    http->transfers = transfer;
    if (ret_transfer)
        *ret_transfer = transfer;
    (void)TAKE_PTR(transfer);
    return 0;
}

void http_cancel(struct http *http, struct http_transfer *transfer)
{
    (void)http;
    if (transfer)
        free_transfer(transfer);
}

/* ---- running */

size_t http_poll(const struct http *http, struct pollfd ret_fds[static HTTP_POLL_MAX])
{
    if (http->fd_count)
        memcpy(ret_fds, http->fds, http->fd_count * sizeof(*ret_fds));
    return http->fd_count;
}

static int64_t silence_ends_us(const struct http_transfer *transfer)
{
    return transfer->heard_us + transfer->request.silence_s * 1000000;
}

int http_poll_timeout_ms(const struct http *http)
{
    int64_t wake_us = http->wake_us;
    int64_t left_us;

    for (const struct http_transfer *transfer = http->transfers; transfer;
         transfer = transfer->next)
        if (transfer->request.silence_s && (wake_us < 0 || silence_ends_us(transfer) < wake_us))
            wake_us = silence_ends_us(transfer);
    if (wake_us < 0)
        return -1;
    left_us = wake_us - now_us();
    if (left_us <= 0)
        return 0;
    return left_us / 1000 >= INT_MAX ? INT_MAX : (int)((left_us + 999) / 1000);
}

static int outcome_of(const struct http_transfer *transfer, CURLcode code)
{
    if (code == CURLE_OK)
        return 0;
    if (transfer->too_large)
        return HTTP_E_TOO_LARGE;
    if (transfer->aborted)
        return HTTP_E_ABORTED;
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        if (outcomes[i].code == code)
            return outcomes[i].outcome;
    return HTTP_E_CUT;
}

static void explain_failure(struct http_transfer *transfer, int outcome, CURLcode code)
{
    struct http_response *response = &transfer->response;
    const char *why = transfer->curl_error[0] ? transfer->curl_error : curl_easy_strerror(code);
    char *url = NULL;

    const char *hint;
    long verdict = 0;

    if (outcome == HTTP_E_TLS)
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    hint = http_certificate_hint(verdict);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (outcome == HTTP_E_TOO_LARGE)
        why = "the response is larger than allowed";
    if (outcome == HTTP_E_ABORTED)
        why = "stopped";
    (void)snprintf(response->error, sizeof(response->error), "%s: %s%s%s", url ? url : "", why,
                   hint ? "; " : "", hint ? hint : "");
}

static void finish(struct http_transfer *transfer, CURLcode code)
{
    struct http *http = transfer->http;
    int outcome = outcome_of(transfer, code);

    if (outcome)
        explain_failure(transfer, outcome, code);
    unlink_transfer(http, transfer);
    (void)curl_multi_remove_handle(http->multi, transfer->easy);
    transfer->done(transfer->request.state, outcome, &transfer->response);
    free_transfer(transfer);
}

static void finish_all(struct http *http)
{
    int left;

    for (CURLMsg *message = curl_multi_info_read(http->multi, &left); message;
         message = curl_multi_info_read(http->multi, &left)) {
        char *transfer = NULL;

        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish((struct http_transfer *)(void *)transfer, message->data.result);
    }
}

static void start_waiting(struct http *http)
{
    for (struct http_transfer *transfer = http->transfers; transfer; transfer = transfer->next) {
        if (transfer->waiting)
            (void)curl_multi_add_handle(http->multi, transfer->easy); /* fails only when misused */
        transfer->waiting = false;
    }
}

/* One at a time: what is called back may change the list. */
static void finish_silent(struct http *http)
{
    struct http_transfer *transfer = http->transfers;

    while (transfer) {
        bool silent = transfer->request.silence_s && silence_ends_us(transfer) <= now_us();
        struct http_transfer *next = transfer->next;

        if (silent)
            finish(transfer, CURLE_OPERATION_TIMEDOUT);
        transfer = silent ? http->transfers : next;
    }
}

void http_dispatch(struct http *http, const struct pollfd *fds, size_t count)
{
    int running;

    http->inside = true;
    for (size_t i = 0; i < count; i++) {
        int what = 0;

        if (fds[i].revents & (POLLIN | POLLHUP))
            what |= CURL_CSELECT_IN;
        if (fds[i].revents & POLLOUT)
            what |= CURL_CSELECT_OUT;
        if (fds[i].revents & (POLLERR | POLLNVAL))
            what |= CURL_CSELECT_ERR;
        if (what)
            (void)curl_multi_socket_action(http->multi, fds[i].fd, what, &running);
    }
    if (http->wake_us >= 0 && http->wake_us <= now_us()) {
        http->wake_us = -1;
        (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    http->inside = false;
    start_waiting(http);
    finish_all(http);
    finish_silent(http);
}
