/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_ENVELOPE_H
#define TUF_ENVELOPE_H

#include "base/buffer.h"
#include "base/error.h"
#include "tuf/key.h"
#include "json/fields.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * TUF's envelope (1.0.33, 4.2): {"signatures":[{"keyid","sig"}],"signed":{...}}. Signatures cover
 * the canonical form of `signed`.
 */

#define ENVELOPE_SIGNATURES_MAX 64

struct envelope_signature {
    char keyid[KEY_ID_SIZE];
    uint8_t *bytes; /* in the arena; size 0 where `sig` is empty or not hex */
    size_t size;
};

/* Release it; strings and signatures live in the arena it was parsed with. */
struct envelope {
    json_t *root;
    json_t *signed_part; /* borrowed from root */
    struct envelope_signature *signatures;
    size_t signature_count; /* 0: unsigned */
};

enum {
    ENVELOPE_E_SYNTAX = 1,     /* not JSON; see canon_parse */
    ENVELOPE_E_TOO_LARGE = 2,  /* longer than the ceiling */
    ENVELOPE_E_UNKNOWN = 3,    /* a member that envelopes do not have */
    ENVELOPE_E_INVALID = 4,    /* missing or wrong members, a repeated keyid */
    ENVELOPE_E_UNVERIFIED = 5, /* fewer good signatures than the threshold */
};

/* Parses and checks the form, not the signatures. ret_error is filled where it returns positive. */
int envelope_parse(const void *bytes, size_t size, size_t ceiling, struct arena *arena,
                   struct envelope *ret_envelope, struct fields_error *ret_error) MUST_CHECK;

/*
 * The `signatures` array alone, such as the body that signs a draft: at most
 * ENVELOPE_SIGNATURES_MAX of {"keyid","sig"}, no keyid twice. path names it in errors.
 * Returns 0, ENVELOPE_E_UNKNOWN or ENVELOPE_E_INVALID.
 */
int envelope_parse_signatures(const json_t *array, struct arena *arena,
                              struct envelope_signature **ret_signatures, size_t *ret_count,
                              struct fields_error *ret_error) MUST_CHECK;

/* Which keys have signed. */
struct envelope_verdict {
    size_t count; /* distinct keys with a good signature */
    char keyids[ENVELOPE_SIGNATURES_MAX][KEY_ID_SIZE];
    size_t unknown_count; /* signatures by none of the keys */
    size_t bad_count;     /* signatures by one of the keys that do not verify */
};

/*
 * Counts the distinct keys that have signed `signed`. A key counts once, under however many ids it
 * is given; signatures that do not verify, or by nobody known, are ignored.
 *
 * ret_verdict  filled also where it returns ENVELOPE_E_UNVERIFIED; may be NULL
 *
 * Returns 0 where at least threshold (>= 1) keys have, ENVELOPE_E_UNVERIFIED, or negative.
 */
int envelope_verify(const struct envelope *envelope, const struct key *keys, size_t key_count,
                    size_t threshold, struct envelope_verdict *ret_verdict) MUST_CHECK;

/*
 * Appends {"signatures":[...],"signed":...} with a signature of each signer (0: unsigned) over
 * signed_part. Members are sorted and without white space, strings escaped as JSON asks, so the
 * bytes are deterministic and every JSON parser reads them.
 */
int envelope_build(const json_t *signed_part, const struct signer *signers, size_t signer_count,
                   struct buffer *buffer) MUST_CHECK;

/* Signs signed_part: the array element {"keyid","sig"} as a new reference. */
int envelope_sign(const json_t *signed_part, const struct signer *signer,
                  json_t **ret_signature) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void envelope_release(struct envelope *envelope);

#endif
