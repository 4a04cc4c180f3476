/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_certificate.h"

#include "base/cleanup.h"

static const struct {
    long verdict;
    const char *hint;
} hints[] = {
    {9,  "is the clock of this machine right?"                                          },
    {10, "renew it on the server, or set the clock of this machine right"               },
    {18, "if it is the right one, name it as the CA file"                               },
    {19, "if it is of your own authority, name that one's certificate as the CA file"   },
    {20, "if it is of your own authority, name that one's certificate as the CA file"   },
    {21, "if it is of your own authority, name that one's certificate as the CA file"   },
    {62, "use the host name of the server's certificate, or have one made for this name"},
};

const char *http_certificate_hint(long verdict)
{
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (hints[i].verdict == verdict)
            return hints[i].hint;
    return NULL;
}
