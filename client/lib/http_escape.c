/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_escape.h"

#include <ctype.h>
#include <string.h>

void http_escape(struct buffer *url, const char *text)
{
    for (const unsigned char *cursor = (const unsigned char *)text; *cursor; cursor++) {
        if (isalnum(*cursor) || strchr("-._~", *cursor))
            buffer_append_char(url, (char)*cursor);
        else
            buffer_printf(url, "%%%02X", *cursor);
    }
}
