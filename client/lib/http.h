/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include "base/buffer.h"
#include "base/error.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * HTTP as the device and the command line need it: bounded in size and time, no surprises.
 *
 * Only http and https; TLS certificates are always verified; GET and HEAD follow up to five
 * redirects (never from https down to http), and a redirect to another host, port or scheme does
 * not carry the token. HTTP/1.1, connections are kept and reused.
 *
 * Either start transfers and give their descriptors to one's own poll loop (http_start), or block
 * (http_request). One thread a client.
 */
struct http;
struct http_transfer;

/* Outcomes of a transfer that got no whole response; http_response.error says what happened. */
enum {
    HTTP_E_UNREACHABLE = 1, /* name, connection */
    HTTP_E_TLS = 2,         /* a certificate (theirs or ours) or the handshake */
    HTTP_E_TIMEOUT = 3,     /* too slow, or nothing for too long */
    HTTP_E_CUT = 4,         /* the connection ended in the middle */
    HTTP_E_TOO_LARGE = 5,   /* the response passed a limit */
    HTTP_E_ABORTED = 6,     /* a callback said stop */
    HTTP_E_USAGE = 7,       /* malformed URL, scheme that is not allowed, unreadable CA file */
};

/* Strings are copied. Zeroed members mean the defaults. */
struct http_settings {
    const char *ca_file;          /* PEM; NULL: the system's */
    const char *client_cert_file; /* PEM; NULL: none */
    const char *client_key_file;
    const char *user_agent;
    int64_t connect_timeout_ms;  /* default 10 s */
    int64_t low_speed_timeout_s; /* default 30: so long below low_speed_bytes/s and it is over */
    int64_t low_speed_bytes;     /* default 128 a second */
};

struct http_header {
    const char *name;
    const char *value;
};

#define HTTP_HEADERS_BYTES_MAX ((size_t)32 << 10)
#define HTTP_PROBLEM_BYTES_MAX ((size_t)64 << 10)
#define HTTP_ERROR_SIZE 320

struct http_response {
    int status;            /* 0: there was none */
    struct buffer headers; /* the last response's header lines; read with http_response_header() */
    struct buffer body;    /* what was not given to on_body */
    char error[HTTP_ERROR_SIZE]; /* empty unless the outcome is HTTP_E_* */
};

/*
 * What to ask. It is read by http_start() only, but `body`, and what the callbacks use, must live
 * until the transfer is done.
 *
 * These callbacks may start transfers, but must not cancel any: they return something other than 0
 * instead, which ends their own with HTTP_E_ABORTED.
 */
struct http_request {
    const char *method; /* NULL: GET, or POST where there is a body */
    const char *url;
    const char *token; /* bearer; NULL: none */
    const struct http_header *headers;
    size_t header_count;

    /* The request's body: either bytes ... */
    const void *body;
    size_t body_size;
    /* ... or a reader of exactly upload_size bytes. It returns how many it gave (1 to capacity),
       or -1 to abort. rewind (may be NULL) goes back to the first byte for a second try, and
       returns 0 where it could. */
    int64_t (*on_upload)(void *state, char *bytes, size_t capacity);
    int (*on_rewind)(void *state);
    uint64_t upload_size;

    /* The headers of the final response are there. May be NULL. */
    int (*on_headers)(void *state, const struct http_response *response);
    /* Bytes of a 2xx body as they come. NULL: collected in response.body. Bodies of other
       statuses are always collected, up to HTTP_PROBLEM_BYTES_MAX. */
    int (*on_body)(void *state, const void *bytes, size_t size);
    /* Bytes so far and in all (0: unknown) of what moves, up or down. May be NULL. */
    int (*on_progress)(void *state, uint64_t done_bytes, uint64_t total_bytes);
    void *state; /* for the callbacks */

    size_t response_bytes_max; /* of a collected 2xx body; default 1 MiB */
    uint64_t stream_bytes_max; /* of a body given to on_body; 0: no limit */
    int64_t timeout_ms;        /* for all of it; 0: none but the low-speed limit */
    int64_t silence_s;         /* replaces the low-speed limit for streams and long polls:
                                  it is over when not one byte came for so long */
};

/*
 * ret_http  http_free()
 *
 * Returns 0 or negative when fatal.
 */
int http_new(const struct http_settings *settings, struct http **ret_http) MUST_CHECK;

/* Ends what is running without calling back. Accepts NULL. */
void http_free(struct http *http);

/*
 * Asks and waits.
 *
 * ret_response  http_response_release(); also filled (error, status) where the outcome is HTTP_E_*
 *
 * Returns 0 whenever there was a response, whatever its status; HTTP_E_*; or negative.
 */
int http_request(struct http *http, const struct http_request *request,
                 struct http_response *ret_response) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void http_response_release(struct http_response *response);

/* The value of a header, of the final response; NULL: not there. It lives until the next call. */
const char *http_response_header(struct http_response *response, const char *name);

/* The number in a header, or fallback where it is missing or not a number. */
int64_t http_response_number(struct http_response *response, const char *name, int64_t fallback);

/*
 * Says what went wrong, for people: the detail of the problem document, its status and request id;
 * or the transfer's error; or the status alone. Where the response was 2xx, "".
 */
void http_response_explain(const struct http_response *response, char *ret_text, size_t size);

/* The last part of a problem document's type ("version-exists"), or "" where there is none. */
void http_response_problem(const struct http_response *response, char *ret_type, size_t size);

/*
 * Starts a transfer.
 *
 * done          called once, from http_dispatch(): outcome is 0 or HTTP_E_*; the response and the
 *               transfer are gone when it returns. May start and cancel others.
 * ret_transfer  valid until done is called or it is cancelled; may be NULL
 *
 * Returns 0 or negative when fatal (done is not called then).
 */
int http_start(struct http *http, const struct http_request *request,
               void (*done)(void *state, int outcome, struct http_response *response),
               struct http_transfer **ret_transfer) MUST_CHECK;

/* Ends a transfer without calling back. Not from a request's callbacks. Accepts NULL. */
void http_cancel(struct http *http, struct http_transfer *transfer);

/* At most so many descriptors at once. */
#define HTTP_POLL_MAX 32

/* What to poll. Returns how many were written. */
size_t http_poll(const struct http *http, struct pollfd ret_fds[static HTTP_POLL_MAX]);

/* For how long poll may sleep; -1: forever. */
int http_poll_timeout_ms(const struct http *http);

/* After poll: moves bytes, calls back. */
void http_dispatch(struct http *http, const struct pollfd *fds, size_t count);

/* Appends text, percent-encoded where it is not unreserved (RFC 3986, 2.3). */
void http_escape(struct buffer *url, const char *text);

#endif
