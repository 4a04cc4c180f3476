/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_NEWCOMERS_H
#define DEVICE_NEWCOMERS_H

#include "base/error.h"

#include <stdint.h>

/*
 * How often the database is asked about tokens that the roster does not know. A device that
 * enrolled at another instance a moment ago is to be found; whoever sends wrong tokens must not
 * make the database work: what was not found is remembered, and there are so many look-ups a second
 * and no more. Thread-safe.
 */
struct newcomers;

#define NEWCOMERS_TOKEN_SIZE 32    /* SHA-256 of a token */
#define NEWCOMERS_BURST 64         /* look-ups at once */
#define NEWCOMERS_PER_S 16         /* and from then on */
#define NEWCOMERS_REMEMBERED 4096  /* wrong tokens */
#define NEWCOMERS_MEMORY_MS 300000 /* for so long */

int newcomers_new(struct newcomers **ret_newcomers) MUST_CHECK;
/* Accepts NULL. */
void newcomers_free(struct newcomers *newcomers);

enum {
    NEWCOMERS_E_WRONG = 1, /* the database did not know it a moment ago */
    NEWCOMERS_E_BUSY = 2,  /* it was asked too often */
};

/* Whether to ask the database about a token: 0, or one of the above. now_ms is monotonic. */
int newcomers_ask(struct newcomers *newcomers, const uint8_t token[static NEWCOMERS_TOKEN_SIZE],
                  int64_t now_ms) MUST_CHECK;

/* The database does not know it. */
void newcomers_wrong(struct newcomers *newcomers, const uint8_t token[static NEWCOMERS_TOKEN_SIZE],
                     int64_t now_ms);

#endif
