/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_REQUEST_H
#define LIB_HTTP_REQUEST_H

#include "base/error.h"
#include "lib/http_response.h"

#include <stddef.h>
#include <stdint.h>

struct http;

struct http_header {
    const char *name;
    const char *value;
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
 * Asks and waits.
 *
 * ret_response  http_response_release(); also filled (error, status) where the outcome is HTTP_E_*
 *
 * Returns 0 whenever there was a response, whatever its status; HTTP_E_*; or negative.
 */
int http_request(struct http *http, const struct http_request *request,
                 struct http_response *ret_response) MUST_CHECK;

#endif
