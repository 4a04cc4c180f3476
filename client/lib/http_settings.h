/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_SETTINGS_H
#define LIB_HTTP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* What holds for all requests of a client. */

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

/* A copy that owns its strings, with the defaults filled in. False where memory ends. */
bool http_settings_copy(const struct http_settings *settings, struct http_settings *ret_copy);

/* Of a copy; accepts a zeroed one. */
void http_settings_release(struct http_settings *copy);

#endif
