/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_AUDIT_CHAIN_H
#define CLI_AUDIT_AUDIT_CHAIN_H

#include "base/arena.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Checks the chain of an audit log (docs/AUDIT.md), entry by entry, newest first, in constant
 * memory, and says what is wrong with which entry.
 */

#define AUDIT_CHAIN_FINDINGS_MAX 1000 /* so many are named; the others are counted */
#define AUDIT_CHAIN_SUSPECTS_MAX 64

/* What entry seq is known to be: a signed checkpoint, or what was remembered. */
struct audit_chain_mark {
    int64_t seq;
    uint8_t hash[DIGEST_SHA256_SIZE];
    const char *who; /* "the checkpoint of entry 7" */
    bool later;      /* it may be of a later time than the log that is checked */
};

/* An entry that is not what its hash says. */
struct audit_chain_suspect {
    json_t *entry; /* without its hash */
    int64_t seq;
    uint8_t hash[DIGEST_SHA256_SIZE];
};

/* The caller's storage; zeroed but for the marks. */
struct audit_chain {
    struct arena arena;
    const struct audit_chain_mark *marks; /* borrowed; by seq, highest first */
    size_t mark_count;

    size_t mark_next;
    const struct audit_chain_mark
        *contradicted; /* the lowest mark that did not hold, not told yet */
    int64_t count;
    int64_t head; /* of the newest entry; 0: there is none */
    uint8_t head_hash[DIGEST_SHA256_SIZE];
    int64_t last;                         /* of the entry that came last */
    uint8_t expected[DIGEST_SHA256_SIZE]; /* what it says of the one before it */
    bool last_suspect;
    struct audit_chain_suspect suspects[AUDIT_CHAIN_SUSPECTS_MAX];
    size_t suspect_count;
    json_t *findings; /* [{"kind","seq","text"}], made by the first */
    int64_t finding_count;
};

/* The next entry, as the server shows it. What it cannot read it finds, too. */
void audit_chain_feed(struct audit_chain *chain, const json_t *entry);

/* There are no more. */
void audit_chain_end(struct audit_chain *chain);

/* Another finding of the caller's. seq 0: of no entry. */
void audit_chain_find(struct audit_chain *chain, const char *kind, int64_t seq, const char *text);

void audit_chain_release(struct audit_chain *chain);

#endif
