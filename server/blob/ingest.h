/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_INGEST_H
#define BLOB_INGEST_H

#include "base/error.h"
#include "blob/blob.h"
#include "blob/upload.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Appends bytes to an upload: cuts them into chunks, looks up which are known, copies the others
 * into the database, and commits every BLOB_SEGMENT_BYTES. While one segment is written by a
 * thread of its own, the next one is received and hashed, so that the database never waits.
 *
 * Memory is constant: two segments, about 10 MiB.
 *
 * The database connection belongs to the ingest from open to close. One thread at a time.
 */
struct ingest;

enum {
    INGEST_E_LOCKED = 1, /* somebody else is writing to this upload */
    INGEST_E_GONE = 2,   /* the upload was removed meanwhile */
    INGEST_E_OFFSET = 3, /* the upload is not where the caller believes */
    INGEST_E_LENGTH = 4, /* more bytes than were announced */
    INGEST_E_DIGEST = 5, /* the bytes do not hash to what was announced; the upload is removed */
};

struct ingest_options {
    const struct upload *upload; /* as found; its offset is where bytes go */
    bool staged;                 /* nothing counts until ingest_accept() (tus Upload-Checksum) */
    int64_t expires_ms;          /* the upload's new expiry */
    /* Called in the transaction in which the upload becomes an artifact that was not there before;
     * perhaps more than once, where that is tried again. NULL: nobody. Returns 0 or negative. */
    int (*stored)(struct db *db, void *arg, const struct upload *upload);
    void *arg; /* for stored */
};

/*
 * Takes the upload: until ingest_free() (or the loss of the database connection) nobody else can
 * write to it, on any instance. db and upload are borrowed.
 *
 * Returns 0, INGEST_E_LOCKED, INGEST_E_GONE, INGEST_E_OFFSET, or negative.
 */
int ingest_new(struct db *db, const struct ingest_options *options,
               struct ingest **ret_ingest) MUST_CHECK;

/* Where the next bytes may be put: at least one, at most *ret_capacity. */
void ingest_space(struct ingest *ingest, void **ret_bytes, size_t *ret_capacity);

/*
 * size bytes were put there. May wait for the database.
 *
 * Returns 0, INGEST_E_GONE, INGEST_E_OFFSET, INGEST_E_LENGTH, or negative. After anything but 0
 * only ingest_free() may follow.
 */
int ingest_advance(struct ingest *ingest, size_t size) MUST_CHECK;

/*
 * Makes everything received so far durable and, once the upload has all of its bytes, checks their
 * digest and turns them into the artifact. What was staged counts from here on.
 *
 * Returns 0, INGEST_E_GONE, INGEST_E_OFFSET, INGEST_E_DIGEST, or negative.
 */
int ingest_accept(struct ingest *ingest) MUST_CHECK;

/* Where the upload is after the last ingest_accept(), and how many of the bytes since ingest_new()
 * were already stored. */
uint64_t ingest_offset(const struct ingest *ingest);
uint64_t ingest_deduplicated(const struct ingest *ingest);

/* What the bytes hash to, after INGEST_E_DIGEST. */
const uint8_t *ingest_actual_sha256(const struct ingest *ingest);

/* Leaves the upload: what was neither accepted nor committed on the way is dropped. NULL is fine.
 */
void ingest_free(struct ingest *ingest);

#endif
