/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRANSFER_UPLOAD_STATE_H
#define CLI_TRANSFER_UPLOAD_STATE_H

#include "base/arena.h"
#include "crypto/digest.h"

/*
 * Which upload of a server an artifact has, kept between processes. It may be lost at any time:
 * then an upload starts anew. So nothing here ends a command; what cannot be written is logged.
 */

/* The id, in the arena; NULL where there is none. */
const char *upload_state_read(struct arena *arena, const char *server_url,
                              const uint8_t sha256[static DIGEST_SHA256_SIZE]);

void upload_state_write(const char *server_url, const uint8_t sha256[static DIGEST_SHA256_SIZE],
                        const char *id);

void upload_state_forget(const char *server_url, const uint8_t sha256[static DIGEST_SHA256_SIZE]);

/*
 * The id in a Location header, absolute or relative, in the arena: its last segment. Only that is
 * used, so that no answer can send the token to another address. NULL where it is none.
 */
const char *upload_state_id(struct arena *arena, const char *location);

#endif
