/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_FAULT_H
#define FORMAT_FAULT_H

#include "base/error.h"

#include <stdint.h>

/* Why a file was not read. Every reader of this folder returns 0, one of these, or negative. */
enum {
    FAULT_E_OTHER = 1, /* it is of another format, or of none that we know */
    FAULT_E_TRUNCATED, /* it ends before what its own words say it holds */
    FAULT_E_DAMAGED,   /* it contradicts itself or its format */
    FAULT_E_LIMIT,     /* it may be right, but goes beyond what we are willing to read */
};

struct fault {
    int outcome;
    uint64_t offset; /* of the byte where it was noticed */
    char text[384];  /* a sentence with the place in it; valid UTF-8, no control characters */
};

/* Fills the fault and returns the outcome. What the format takes may be any bytes. */
int fault_set(struct fault *fault, int outcome, uint64_t offset, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* "truncated", "damaged", ... for machines. */
const char *fault_name(int outcome);

#endif
