/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

/* in the source that embed.py makes */
extern const unsigned char openapi_text_bytes[];
extern const size_t openapi_text_size;

int openapi_get(const struct call *call, struct reply *reply)
{
    (void)call;
    reply_bytes(reply, 200, "application/yaml", openapi_text_bytes, openapi_text_size);
    return 0;
}
