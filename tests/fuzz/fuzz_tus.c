/* SPDX-License-Identifier: Apache-2.0 */

/* The headers of tus, all of them with the same text. What is refused leaves nothing behind. */

#include "fuzz.h"

#include "api/tus.h"
#include "crypto/checksum.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t sha256[DIGEST_SHA256_SIZE] = {0};
    static const uint8_t zeros[DIGEST_SHA256_SIZE];
    struct tus_checksum checksum = {.size = 77};
    uint64_t number = 77;
    char *header = malloc(size + 1);

    FUZZ_HOLDS(header != NULL);
    memcpy(header, data, size);
    header[size] = '\0';
    if (tus_parse_number(header, &number))
        FUZZ_HOLDS(number <= INT64_MAX);
    else
        FUZZ_HOLDS(number == 77);
    if (tus_parse_metadata(header, sha256) == 0)
        FUZZ_HOLDS(strstr(header, "sha256 ") != NULL);
    else
        FUZZ_HOLDS(memcmp(sha256, zeros, sizeof(zeros)) == 0);
    if (tus_parse_checksum(header, &checksum) == 0)
        FUZZ_HOLDS(checksum.size == checksum_size(checksum.algorithm) && checksum.size > 0);
    else
        FUZZ_HOLDS(checksum.size == 77);
    free(header);
    return 0;
}
