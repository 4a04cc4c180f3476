/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_BUNDLE_H
#define CLI_EXPORT_BUNDLE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "cli/cli.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The file that carries models to a site with no network (docs/LIFECYCLE.md): a POSIX tar (ustar;
 * lengths of 8 GiB and more in GNU's base-256), so that any tar lists and unpacks it. Its first
 * member is "index.json"; its last, "sha256", has the SHA-256 of every byte before it, in hex: a
 * file that was cut off or edited is known by that.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
#define BUNDLE_INDEX "index.json"
#define BUNDLE_DIGEST "sha256"
#define BUNDLE_NAME_MAX 99

/* ---- writing ------------------------------------------------------------------------------ */

struct bundle_writer {
    struct cli *cli;
    const char *path;
    const char *part; /* written there, until it is whole */
    FILE *file;
    struct digest_sha256 digest;
};

int bundle_create(struct cli *cli, const char *path, struct bundle_writer *ret_writer) MUST_CHECK;
int bundle_add(struct bundle_writer *writer, const char *name, const void *bytes,
               size_t size) MUST_CHECK;
int bundle_add_file(struct bundle_writer *writer, const char *name, const char *path,
                    uint64_t size) MUST_CHECK;

/* Ends it, durably, under its name; ret_hex is the digest that is in it. */
int bundle_finish(struct bundle_writer *writer,
                  char ret_hex[static DIGEST_SHA256_HEX_SIZE]) MUST_CHECK;

/* Removes what did not become whole. */
void bundle_abandon(struct bundle_writer *writer);

/* ---- reading ------------------------------------------------------------------------------ */

struct bundle_member {
    const char *name; /* in the command's arena */
    uint64_t start_byte;
    uint64_t size_bytes;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct bundle_reader {
    struct cli *cli;
    const char *path;
    FILE *file;
    struct bundle_member *members; /* without the digest */
    size_t count;
    size_t capacity;
};

/* Reads all of it, and checks that it is whole, before anything is believed. */
int bundle_open(struct cli *cli, const char *path, struct bundle_reader *ret_reader) MUST_CHECK;

/* NULL where there is none. */
const struct bundle_member *bundle_find(const struct bundle_reader *reader, const char *name);

/* Whether it lies in that folder of the file. */
bool bundle_member_in(const struct bundle_member *member, const char *folder);

/* The bytes of a member, at most bytes->ceiling of them, appended. */
int bundle_read(struct bundle_reader *reader, const struct bundle_member *member,
                struct buffer *bytes) MUST_CHECK;

/* Reports that it is no bundle. Returns CLI_UNVERIFIED. */
int bundle_refuse(const struct bundle_reader *reader, const char *why);

void bundle_close(struct bundle_reader *reader);

#endif
