/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PINNED_KEYS_H
#define AGENT_PINNED_KEYS_H

#include "agent/store.h"
#include "base/error.h"
#include "tuf/envelope.h"
#include "tuf/key.h"

#include <stddef.h>

/*
 * The simple way to trust: publishers' public keys that were pinned at enrolment, each of which may
 * sign any model. The server has no say in it.
 */

#define PINNED_KEYS_MAX 64
#define PINNED_KEYS_DETAIL_SIZE 512

struct pinned_keys {
    struct key *keys;
    size_t count;
};

enum {
    PINNED_KEYS_E_NONE = 1,       /* no key is pinned */
    PINNED_KEYS_E_BROKEN = 2,     /* a key file cannot be used: ret_detail says which, and why */
    PINNED_KEYS_E_UNVERIFIED = 3, /* no trusted key has signed this: ret_detail says who has */
};

/* Whether a key file can be pinned. Returns 0, PINNED_KEYS_E_BROKEN, or negative. */
int pinned_keys_check(const char *key_file,
                      char ret_detail[static PINNED_KEYS_DETAIL_SIZE]) MUST_CHECK;

/* Pins the public half of a key file; again is fine. Returns 0 or PINNED_KEYS_E_BROKEN. */
int pinned_keys_add(const struct store *store, const char *key_file,
                    char ret_detail[static PINNED_KEYS_DETAIL_SIZE]) MUST_CHECK;

int pinned_keys_load(const struct store *store, struct pinned_keys *ret_keys,
                     char ret_detail[static PINNED_KEYS_DETAIL_SIZE]) MUST_CHECK;

/* Unpins all; durable when it returns 0. None is fine. */
int pinned_keys_drop(const struct store *store) MUST_CHECK;

/*
 * Whether a trusted publisher has signed; model is for the detail.
 * Returns 0, PINNED_KEYS_E_UNVERIFIED, or negative.
 */
int pinned_keys_verify(const struct pinned_keys *keys, const char *model,
                       const struct envelope *envelope,
                       char ret_detail[static PINNED_KEYS_DETAIL_SIZE]) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void pinned_keys_release(struct pinned_keys *keys);

#endif
