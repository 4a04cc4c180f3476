/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checksum.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

const char checksum_names[] = "sha1,sha256,md5";

static const struct {
    const char *name;
    size_t size;
    const EVP_MD *(*md)(void);
} algorithms[] = {
    {"sha1",   20, EVP_sha1  },
    {"sha256", 32, EVP_sha256},
    {"md5",    16, EVP_md5   },
};

struct checksum {
    EVP_MD_CTX *context;
    bool failed;
};

static size_t find(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (strcmp(name, algorithms[i].name) == 0)
            break;
    }
    return i;
}

size_t checksum_size(const char *name)
{
    size_t i = find(name);

    return i < ARRAY_LEN(algorithms) ? algorithms[i].size : 0;
}

int checksum_new(const char *name, struct checksum **ret_checksum)
{
    struct checksum *checksum = calloc(1, sizeof(*checksum));
    size_t i = find(name);

    if (checksum)
        checksum->context = EVP_MD_CTX_new();
    if (!checksum || !checksum->context) {
        checksum_free(checksum);
        return log_fail(ERR_NO_MEMORY, "cannot compute a checksum: out of memory");
    }
    /* MD5 is not there where OpenSSL runs in FIPS mode. */
    if (i == ARRAY_LEN(algorithms) ||
        EVP_DigestInit_ex(checksum->context, algorithms[i].md(), NULL) != 1) {
        checksum_free(checksum);
        return log_fail(ERR_INTERNAL, "cannot compute a checksum: OpenSSL does not have %s", name);
    }
    *ret_checksum = checksum;
    return 0;
}

void checksum_update(struct checksum *checksum, const void *bytes, size_t size)
{
    if (EVP_DigestUpdate(checksum->context, bytes, size) != 1)
        checksum->failed = true;
}

bool checksum_matches(struct checksum *checksum, const uint8_t *expected, size_t size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (EVP_DigestFinal_ex(checksum->context, digest, &length) != 1 || checksum->failed)
        return false;
    return length == size && memcmp(digest, expected, size) == 0;
}

void checksum_free(struct checksum *checksum)
{
    if (!checksum)
        return;
    EVP_MD_CTX_free(checksum->context);
    free(checksum);
}
