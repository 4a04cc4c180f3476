/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_ARTIFACT_SOURCE_H
#define BLOB_ARTIFACT_SOURCE_H

#include "blob/blob.h"
#include "db/db.h"
#include "format/source.h"

/*
 * Stored artifacts for the readers of model files: any byte, in any order, through one buffer of
 * BLOB_CHUNK_MAX that several artifacts share.
 */
struct artifact_source_buffer {
    struct db *db;
    uint8_t *bytes;                     /* of malloc(3) when first needed */
    const struct artifact_source *held; /* whose bytes they are */
    uint64_t first;                     /* offset of the first of them */
    size_t size;
};

struct artifact_source {
    struct artifact_source_buffer *buffer;
    struct blob_artifact artifact;
};

/* Borrows the artifact's source and its buffer, which stay where they are. */
struct source artifact_source_of(struct artifact_source *source);

/* Accepts NULL and a zeroed struct. */
void artifact_source_release(struct artifact_source_buffer *buffer);

#endif
