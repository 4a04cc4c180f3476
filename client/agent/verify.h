/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_VERIFY_H
#define AGENT_VERIFY_H

#include "agent/loop.h"
#include "agent/store.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stdint.h>

/* Hashes a file that is already here, a piece a turn of the loop. Zeroed is idle. */
struct verify {
    struct loop *loop;
    struct loop_timer work;
    struct digest_sha256 digest;
    uint8_t expected[DIGEST_SHA256_SIZE];
    int64_t length;
    int64_t offset;
    int fd;
    bool busy;
    void (*done)(void *state, bool good);
    void *state;
};

/*
 * path    relative to the state directory, never followed where it is a symbolic link
 * done    called once, from the loop; not good also where it cannot be read (that is logged)
 *
 * Returns 0, VERIFY_E_MISSING (no such regular file of that length), or negative.
 */
enum {
    VERIFY_E_MISSING = 1
};
int verify_start(struct verify *verify, struct loop *loop, const struct store *store,
                 const char *path, const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t length,
                 void (*done)(void *state, bool good), void *state) MUST_CHECK;

/* Idle is fine. */
void verify_cancel(struct verify *verify);

#endif
