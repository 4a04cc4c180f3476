/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_TRUSTED_H
#define TUF_TRUSTED_H

#include "base/error.h"
#include "tuf/metadata.h"
#include "tuf/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a client trusts, and the checks by which more is trusted (TUF 1.0.33, 5.2 to 5.6): bytes
 * in, verdict out, no network and no files. The order of calls is the workflow's: root, next roots,
 * root final, timestamp, snapshot, targets, delegated.
 *
 * A file that is refused changes nothing. Not thread-safe. Zero it, set now_ms; release it.
 */
struct trusted {
    int64_t now_ms;                        /* the fixed update start time (5.1) */
    struct metadata files[METADATA_TYPES]; /* document NULL: none */
    struct reason reason;                  /* of the last refusal: "timestamp.json: ..." */
};

enum {
    TRUSTED_E_FORMAT = 1,
    TRUSTED_E_SIGNATURE = 2, /* arbitrary software */
    TRUSTED_E_ROLLBACK = 3,
    TRUSTED_E_FREEZE = 4,   /* expired */
    TRUSTED_E_MISMATCH = 5, /* mix and match: version, length or hash are not the promised ones */
    TRUSTED_E_SAME = 6,     /* a timestamp of the version that is trusted already (5.4.3) */
    TRUSTED_E_UNLISTED = 7, /* snapshot does not list the role */
};

/* Where bytes come from: local files are a baseline against rollback also when they have expired or
 * are not the ones that are promised now. */
enum trusted_origin {
    TRUSTED_REMOTE,
    TRUSTED_LOCAL,
};

/* Accepts NULL and a zeroed struct. */
void trusted_release(struct trusted *trusted);

/* NULL where none is trusted. */
const struct metadata *trusted_file(const struct trusted *trusted, enum metadata_type type);

/* 5.2: the first root, which must have signed itself. */
int trusted_root(struct trusted *trusted, const void *bytes, size_t size) MUST_CHECK;

/*
 * 5.3.4 to 5.3.7. ret_rotated: timestamp's or snapshot's keys are others now, so that what is
 * stored of these two must go (5.3.11).
 */
int trusted_next_root(struct trusted *trusted, const void *bytes, size_t size,
                      bool *ret_rotated) MUST_CHECK;

/* 5.3.10: the last root has not expired. */
int trusted_root_final(struct trusted *trusted) MUST_CHECK;

/* 5.4. A local one is trusted even if it has expired. */
int trusted_timestamp(struct trusted *trusted, enum trusted_origin origin, const void *bytes,
                      size_t size) MUST_CHECK;

/* 5.4.4 for the timestamp that is trusted in the end. */
int trusted_timestamp_final(struct trusted *trusted) MUST_CHECK;

/*
 * 5.5. A local one becomes the baseline whatever the timestamp says of it; ask
 * trusted_snapshot_final whether it also is the one to use.
 */
int trusted_snapshot(struct trusted *trusted, enum trusted_origin origin, const void *bytes,
                     size_t size) MUST_CHECK;
int trusted_snapshot_final(struct trusted *trusted) MUST_CHECK;

/* 5.6.2 to 5.6.5; the same for local and remote bytes. */
int trusted_targets(struct trusted *trusted, const void *bytes, size_t size) MUST_CHECK;

/*
 * 5.6.7: a delegated role's file, verified against who delegates to it here and now. It is handed
 * out, not kept: another delegator may trust other keys.
 */
int trusted_delegated(struct trusted *trusted, const char *name, const struct tuf_role *role,
                      const void *bytes, size_t size, struct metadata *ret_metadata) MUST_CHECK;

#endif
