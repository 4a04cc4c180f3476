/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FETCH_H
#define AGENT_FETCH_H

#include "agent/loop.h"
#include "agent/store.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "lib/http.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Brings one artifact into downloads/, verified and durable, with constant memory.
 *
 * Bytes go into SHA-256 on their way to downloads/HEX.part, so a whole artifact is never read
 * again. What an interrupted attempt left is hashed anew (a piece a turn of the loop) and the rest
 * asked for with Range and If-Range. Only what verified is renamed to downloads/HEX, after
 * fdatasync: a file of that name is good.
 */

#define FETCH_DETAIL_SIZE 400
#define FETCH_PATH_SIZE 96

enum fetch_outcome {
    FETCH_OK,
    FETCH_E_NETWORK,  /* unreachable, cut off, 5xx, 429: try again; the part is kept */
    FETCH_E_SLOW,     /* given up; the part is kept */
    FETCH_E_REFUSED,  /* the server said 4xx */
    FETCH_E_HASH,     /* all bytes came and they are the wrong ones: the part is removed */
    FETCH_E_ENDLESS,  /* more bytes came than were promised: the part is removed */
    FETCH_E_NO_SPACE, /* the part is removed, to leave room for what else must be written */
    FETCH_E_SYSTEM,   /* reading or writing failed */
};

struct fetch_order {
    const char *url; /* copied by the HTTP client */
    const char *token;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    int64_t length;
};

/* Zeroed is idle. */
struct fetch {
    struct loop *loop;
    const struct store *store;
    struct fetch_order order;
    char *url;
    char *token;
    void (*done)(void *state, enum fetch_outcome outcome, int64_t retry_after_ms,
                 const char *detail);
    void *state;

    struct http_transfer *transfer;
    struct loop_timer work;
    struct digest_sha256 digest;
    int fd;
    int64_t offset;  /* bytes in the file and in the digest */
    int64_t resumed; /* of which an earlier attempt brought */
    int64_t flushed;
    int write_error; /* errno of the write that failed */
    char path[FETCH_PATH_SIZE];
    bool busy;
};

/* downloads/HEX */
void fetch_path(const uint8_t sha256[static DIGEST_SHA256_SIZE],
                char ret_path[static FETCH_PATH_SIZE]);

/*
 * Starts. done is called exactly once, from the loop, unless fetch_cancel() comes first; detail is
 * "" where it went well and lives until done returns.
 *
 * Returns 0 or negative when fatal (done is not called then).
 */
int fetch_start(struct fetch *fetch, struct loop *loop, const struct store *store,
                const struct fetch_order *order,
                void (*done)(void *state, enum fetch_outcome outcome, int64_t retry_after_ms,
                             const char *detail),
                void *state) MUST_CHECK;

/* Stops without calling back; the part stays for the next time. Idle is fine. */
void fetch_cancel(struct fetch *fetch);

/* Removes what downloads/ holds, but for the files (and parts) of these digests. */
int fetch_sweep(const struct store *store, const uint8_t (*keep)[DIGEST_SHA256_SIZE],
                size_t keep_count) MUST_CHECK;

#endif
