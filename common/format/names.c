/* SPDX-License-Identifier: Apache-2.0 */
#include "format/names.h"

#include "base/log.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN ((size_t)64)
#define PIECE_BYTES ((size_t)4096)

static struct names_key cut(const uint8_t digest[static DIGEST_SHA256_SIZE])
{
    struct names_key key;

    memcpy(key.bytes, digest, sizeof(key.bytes));
    return key;
}

struct names_key names_key(const void *name, size_t size)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(name, size, digest);
    return cut(digest);
}

int names_key_of(struct view *view, uint64_t offset, uint64_t size, struct names_key *ret_key)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    struct digest_sha256 state;
    uint8_t piece[PIECE_BYTES];
    int r;

    r = view_has(view, offset, size, "a name");
    if (r)
        return r;
    digest_sha256_init(&state);
    while (size > 0) {
        size_t count = size < sizeof(piece) ? (size_t)size : sizeof(piece);

        r = view_step(view, offset);
        if (!r)
            r = view_read(view, offset, piece, count, "a name");
        if (r)
            return r;
        digest_sha256_update(&state, piece, count);
        offset += count;
        size -= count;
    }
    digest_sha256_final(&state, digest);
    *ret_key = cut(digest);
    return 0;
}

static bool is_free(const struct names_key *slot)
{
    static const struct names_key none;

    return memcmp(slot, &none, sizeof(none)) == 0;
}

/* The slot that has the key, or the free one where it belongs. There is always a free one. */
static struct names_key *find(const struct names *names, const struct names_key *key)
{
    uint64_t at;

    memcpy(&at, key->bytes, sizeof(at));
    for (size_t i = (size_t)at;; i++) {
        struct names_key *slot = &names->slots[i & (names->capacity - 1)];

        if (is_free(slot) || memcmp(slot, key, sizeof(*key)) == 0)
            return slot;
    }
}

static int grow(struct names *names)
{
    struct names larger = {
        .capacity = names->capacity ? names->capacity * 2 : CAPACITY_MIN,
        .count = names->count,
    };

    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (!larger.slots)
        return log_fail(ERR_NO_MEMORY, "out of memory for the names in a file");
    for (size_t i = 0; i < names->capacity; i++) {
        if (!is_free(&names->slots[i]))
            *find(&larger, &names->slots[i]) = names->slots[i];
    }
    free(names->slots);
    *names = larger;
    return 0;
}

int names_add(struct names *names, const struct names_key *key, bool *ret_there)
{
    struct names_key *slot;
    int r;

    if (names->count >= NAMES_MAX && !names_have(names, key))
        return FAULT_E_LIMIT;
    if (names->count * 2 >= names->capacity) {
        r = grow(names);
        if (r)
            return r;
    }
    slot = find(names, key);
    *ret_there = !is_free(slot);
    if (!*ret_there) {
        *slot = *key;
        names->count++;
    }
    return 0;
}

bool names_have(const struct names *names, const struct names_key *key)
{
    return names->capacity > 0 && !is_free(find(names, key));
}

void names_release(struct names *names)
{
    if (!names)
        return;
    free(names->slots);
    *names = (struct names){0};
}
