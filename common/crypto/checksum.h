/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_CHECKSUM_H
#define CRYPTO_CHECKSUM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Checksums that others ask for by name (tus Upload-Checksum). They guard against transmission
 * errors; what must be trusted is named by SHA-256 (crypto/digest.h).
 */
#define CHECKSUM_SIZE_MAX 32

struct checksum;

/* "sha1", "sha256" or "md5", comma-separated as tus announces them. */
extern const char checksum_names[];

/* The size in bytes, or 0 where the name is unknown. */
size_t checksum_size(const char *name);

/* name is a known one. */
int checksum_new(const char *name, struct checksum **ret_checksum) MUST_CHECK;
void checksum_update(struct checksum *checksum, const void *bytes, size_t size);
/* Whether what was given hashes to expected. Only once. */
bool checksum_matches(struct checksum *checksum, const uint8_t *expected, size_t size);
/* Accepts NULL. */
void checksum_free(struct checksum *checksum);

#endif
