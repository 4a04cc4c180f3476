/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ulid.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

/* splitmix64 (Vigna, public domain), seeded by the kernel once a thread */
static uint64_t next_random(void)
{
    static _Thread_local uint64_t state;
    static _Thread_local bool seeded;
    uint64_t z;

    if (!seeded) {
        if (getrandom(&state, sizeof(state), 0) != (ssize_t)sizeof(state))
            abort(); /* cannot happen for 8 bytes without GRND_NONBLOCK */
        seeded = true;
    }
    state += 0x9e3779b97f4a7c15U;
    z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static void put(char *out, int characters, uint64_t bits)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (int i = characters - 1; i >= 0; i--) {
        out[i] = alphabet[bits & 31];
        bits >>= 5;
    }
}

void ulid_make(int64_t wall_ms, char ret_ulid[static ULID_SIZE])
{
    put(ret_ulid, 10, (uint64_t)wall_ms & 0xffffffffffffU);
    put(ret_ulid + 10, 8, next_random());
    put(ret_ulid + 18, 8, next_random());
    ret_ulid[26] = '\0';
}
