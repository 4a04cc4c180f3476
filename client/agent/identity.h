/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "agent/store.h"
#include "base/error.h"
#include "tuf/key.h"

#include <stdint.h>

/*
 * Who this device is: an Ed25519 key that was made here and never leaves, and what the server
 * answered at enrolment. All of it is under identity/, mode 0600 in a directory of mode 0700.
 */

#define IDENTITY_TOKEN_SIZE 257
#define IDENTITY_NAME_SIZE 64
#define IDENTITY_URL_SIZE 1024

struct identity {
    struct key_pair pair;
    char url[IDENTITY_URL_SIZE]; /* of the device listener, without a '/' at the end */
    char device[IDENTITY_NAME_SIZE];
    char device_id[IDENTITY_NAME_SIZE];
    char workspace[IDENTITY_NAME_SIZE];
    char token[IDENTITY_TOKEN_SIZE];
    char other_token[IDENTITY_TOKEN_SIZE]; /* the one before the last exchange; "": none */
    int64_t token_issued_ms;               /* wall clock */
    int64_t poll_interval_s;
};

enum {
    IDENTITY_E_NOT_ENROLLED = 1,
    IDENTITY_E_BROKEN = 2, /* logged: which file, and what to do */
    IDENTITY_E_NO_OTHER = 3,
};

/* The device's key pair; made, and stored durably, where there is none yet. */
int identity_key(const struct store *store, struct key_pair *ret_pair) MUST_CHECK;

int identity_load(const struct store *store, struct identity *ret_identity) MUST_CHECK;

/* Everything but the key. */
int identity_save(const struct store *store, const struct identity *identity) MUST_CHECK;

/* Stores a rotated token durably before anything uses it, then changes `identity`. */
int identity_rotate(const struct store *store, struct identity *identity, const char *token,
                    int64_t wall_ms) MUST_CHECK;

/* Nothing but letters, digits, '-' and '_' behind "mfd_". */
bool identity_is_token(const char *text);

/*
 * The token is refused: uses the one from before the last exchange instead, and the other way
 * round, durably. Who forges the answer to an exchange so does not lock us out.
 *
 * Returns 0, IDENTITY_E_NO_OTHER, or negative.
 */
int identity_swap(const struct store *store, struct identity *identity) MUST_CHECK;

/*
 * A number for the next report, above every one that was ever given, kept before it is returned.
 *
 * floor    it will be higher than this (what is in the spool)
 * wall_ms  where the counter was lost, counting goes on from the time: surely higher
 */
int identity_sequence(const struct store *store, int64_t floor, int64_t wall_ms,
                      int64_t *ret_sequence) MUST_CHECK;

/* Wipes. Accepts NULL. */
void identity_release(struct identity *identity);

#endif
