/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_RESPONSE_H
#define LIB_HTTP_RESPONSE_H

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

/* What came back, and what it says to people. */

#define HTTP_HEADERS_BYTES_MAX ((size_t)32 << 10)
#define HTTP_PROBLEM_BYTES_MAX ((size_t)64 << 10)
#define HTTP_ERROR_SIZE 320

struct http_response {
    int status;            /* 0: there was none */
    struct buffer headers; /* the last response's header lines; read with http_response_header() */
    struct buffer body;    /* what was not given to on_body */
    char error[HTTP_ERROR_SIZE]; /* empty unless the outcome is HTTP_E_* */
};

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

#endif
