/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_TUS_H
#define API_TUS_H

#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload). Pure. */

#define TUS_VERSION "1.0.0"
#define TUS_EXTENSIONS "creation,creation-with-upload,checksum,termination,expiration"
#define TUS_METADATA_MAX 4096

/* Upload-Length, Upload-Offset: decimal digits, at most INT64_MAX. */
bool tus_parse_number(const char *header, uint64_t *ret_number);

enum {
    TUS_E_MALFORMED = 1,
    TUS_E_NO_DIGEST = 2, /* the metadata has no sha256, or it is not 64 digits */
    TUS_E_ALGORITHM = 3, /* the checksum's algorithm is not one of ours */
};

/*
 * Upload-Metadata: comma-separated "key base64" pairs, keys unique, values optional; `sha256` (the
 * base64 of the hex) is required.
 *
 * Returns 0, TUS_E_MALFORMED or TUS_E_NO_DIGEST.
 */
int tus_parse_metadata(const char *header, uint8_t ret_sha256[static DIGEST_SHA256_SIZE]);

struct tus_checksum {
    char algorithm[8];
    uint8_t digest[32];
    size_t size;
};

/* Upload-Checksum: "algorithm base64". Returns 0, TUS_E_MALFORMED or TUS_E_ALGORITHM. */
int tus_parse_checksum(const char *header, struct tus_checksum *ret_checksum);

#endif
