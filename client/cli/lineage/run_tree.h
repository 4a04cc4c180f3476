/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_TREE_H
#define CLI_LINEAGE_RUN_TREE_H

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "crypto/digest.h"

#include <stdint.h>

#define RUN_TREE_FILES_MAX 200000
#define RUN_TREE_DEPTH_MAX 64

/*
 * The digest of a directory: the SHA-256 of one line a file, sorted by path as bytes, each what
 * sha256sum prints, so that anybody can make it again:
 *
 *     cd DIR && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
 *
 * Symbolic links are not followed and do not count; nor do sockets and the like.
 *
 * Returns 0, an exit status once reported, or negative.
 */
int run_tree_hash(struct cli *cli, struct interrupt *interrupt, const char *path,
                  uint64_t *ret_size_bytes, uint64_t *ret_file_count,
                  uint8_t ret_sha256[static DIGEST_SHA256_SIZE]) MUST_CHECK;

#endif
