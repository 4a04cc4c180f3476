/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRANSFER_HASHING_H
#define CLI_TRANSFER_HASHING_H

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "crypto/digest.h"

/*
 * Reads a regular file and hashes it, with a progress bar.
 *
 * Returns 0, an exit status once reported (it cannot be read; it changed
 * meanwhile; interrupted), or negative.
 */
int hashing_file(struct cli *cli, struct interrupt *interrupt, const char *path,
                 uint64_t *ret_size_bytes,
                 uint8_t ret_sha256[static DIGEST_SHA256_SIZE]) MUST_CHECK;

#endif
