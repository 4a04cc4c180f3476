/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_HTTP_ESCAPE_H
#define LIB_HTTP_ESCAPE_H

#include "base/buffer.h"

/* Appends text, percent-encoded where it is not unreserved (RFC 3986, 2.3). */
void http_escape(struct buffer *url, const char *text);

#endif
