/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include "base/buffer.h"
#include "base/error.h"
#include "lib/http_escape.h"
#include "lib/http_request.h"
#include "lib/http_response.h"
#include "lib/http_settings.h"

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

/*
 * ret_http  http_free()
 *
 * Returns 0 or negative when fatal.
 */
int http_new(const struct http_settings *settings, struct http **ret_http) MUST_CHECK;

/* Ends what is running without calling back. Accepts NULL. */
void http_free(struct http *http);

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

#endif
