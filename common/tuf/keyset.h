/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_KEYSET_H
#define TUF_KEYSET_H

#include "base/error.h"
#include "tuf/key.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The keys of one metadata file, a root's or those of its delegations. Each is parsed, and decoded
 * to what verifying needs, when it is first asked for, and then kept: OpenSSL takes longer to
 * decode an RSA or ECDSA key than to verify by it. Not for several threads at once.
 */
struct keyset;

/* keys: keyid -> key object; held. Returns 0 or negative. */
int keyset_new(const json_t *keys, struct keyset **ret_set) MUST_CHECK;

/*
 * Whether the key of that id has signed the message.
 *
 * ret_key  a copy of it, filled where it is true; under the id that its own bytes give it
 */
bool keyset_verify(struct keyset *set, const char *keyid, const void *message, size_t size,
                   const uint8_t *signature, size_t signature_size, struct key *ret_key);

/* Whether it is of these keys: who edits a document may put others in their place. NULL is not. */
bool keyset_is_of(const struct keyset *set, const json_t *keys);

/* Accepts NULL. */
void keyset_free(struct keyset *set);

#endif
