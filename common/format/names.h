/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_NAMES_H
#define FORMAT_NAMES_H

#include "format/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A set of names, each kept as 16 bytes of its SHA-256: a file with a quarter of a million names
 * of any length costs 8 MiB, and nobody can make two names meet.
 */
#define NAMES_MAX ((size_t)262144)
#define NAMES_KEY_SIZE 16

struct names_key {
    uint8_t bytes[NAMES_KEY_SIZE];
};

/* A zeroed struct is an empty set; names_release() it. */
struct names {
    struct names_key *slots; /* all zeros: free */
    size_t capacity;         /* a power of two */
    size_t count;
};

struct names_key names_key(const void *name, size_t size);

/* Of a name in a file. Returns 0, an outcome of format/fault.h, or negative. */
int names_key_of(struct view *view, uint64_t offset, uint64_t size,
                 struct names_key *ret_key) MUST_CHECK;

/*
 * ret_there  whether it was in the set before
 *
 * Returns 0, FAULT_E_LIMIT where there would be more than NAMES_MAX (the caller says so), or
 * negative.
 */
int names_add(struct names *names, const struct names_key *key, bool *ret_there) MUST_CHECK;

bool names_have(const struct names *names, const struct names_key *key);

/* Accepts NULL and a zeroed struct. */
void names_release(struct names *names);

#endif
