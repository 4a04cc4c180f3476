/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * The error convention of the whole tree.
 *
 *   0         success; only then are outputs written
 *   positive  an outcome that the module documents in an enum of its own; the direct caller
 *             handles it
 *   negative  fatal for the operation at hand: logged once where it arose, forwarded unchanged.
 *             The class below decides what the outside sees (errors that a client can wait out
 *             become 503 or 507, everything else 500).
 */
enum {
    ERR_INTERNAL = -1,    /* a bug, a broken invariant, an unexpected answer of the system */
    ERR_UNAVAILABLE = -2, /* something we depend on is away (database, network); try again later */
    ERR_NO_SPACE = -3,    /* a disk or a quota of the system is full */
    ERR_NO_MEMORY = -4,   /* a ceiling on memory was reached */
    ERR_CANCELLED = -5,   /* the peer went away or we are stopping */
};

/* A function whose result must not be dropped. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* printf-like arguments: the format is argument f, the values start at argument a. */
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

#endif
