/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_RECEIVE_H
#define API_RECEIVE_H

#include "api/tus.h"
#include "base/error.h"
#include "blob/upload.h"
#include "http/reply.h"
#include "http/router.h"

#include <stdint.h>

/* A request's body into an upload, and the problems of doing so: for tus and for plain PUT. */

enum {
    RECEIVE_E_REFUSED = 1, /* the reply holds the problem */
};

struct receive_result {
    uint64_t offset_bytes;
    uint64_t deduplicated_bytes;
};

/* upload_create(), with its problems. */
int receive_announce(const struct call *call, const struct upload_draft *draft,
                     struct upload *ret_upload, struct reply *reply) MUST_CHECK;

/*
 * Appends the body. With a checksum nothing is kept unless it matches; without, what has arrived is
 * kept even where the client goes away. Completes the upload where all bytes are there.
 *
 * checksum    NULL: none
 * expires_ms  when the upload expires from now on
 *
 * Returns 0, RECEIVE_E_REFUSED, or negative.
 */
int receive_body(const struct call *call, const struct upload *upload,
                 const struct tus_checksum *checksum, int64_t expires_ms,
                 struct receive_result *ret_result, struct reply *reply) MUST_CHECK;

#endif
