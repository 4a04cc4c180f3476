/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROSTER_TOKENS_H
#define PUSH_ROSTER_TOKENS_H

#include "base/error.h"
#include "push/roster.h"

#include <stdbool.h>
#include <stdint.h>

/* The roster's table by token. Thread-safe; one lock a 256th of the tokens. */
struct roster_tokens;

/* A token that works: the device's own, embedded in it, or its next one. */
struct roster_token {
    uint8_t hash[ROSTER_TOKEN_SIZE];
    struct roster_device *device;
    struct roster_token *chain;
    bool is_next;
};

int roster_tokens_new(struct roster_tokens **ret_tokens) MUST_CHECK;
/* The tokens are the caller's. Accepts NULL. */
void roster_tokens_free(struct roster_tokens *tokens);

/* The token stays where it is, and its hash as it is, until it is removed. */
int roster_tokens_insert(struct roster_tokens *tokens, struct roster_token *token) MUST_CHECK;
/* A token that is not in the table is fine. */
void roster_tokens_remove(struct roster_tokens *tokens, struct roster_token *token);

/* Whose token it is, or NULL. ret_next: whether it was a next one, which may change meanwhile. */
struct roster_device *roster_tokens_find(struct roster_tokens *tokens,
                                         const uint8_t hash[static ROSTER_TOKEN_SIZE],
                                         bool *ret_next);

#endif
