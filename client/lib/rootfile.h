/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_ROOTFILE_H
#define LIB_ROOTFILE_H

#include "base/error.h"
#include "tuf/reason.h"

#include <jansson.h>
#include <stddef.h>

/*
 * The roots of a workspace's two repositories in one file, as devices and people are given them by
 * a way that is not the server:
 *
 *     {"modelferry_trust":1, "workspace":"default", "image":{envelope}, "director":{envelope}}
 */
#define ROOTFILE_MAX ((size_t)1 << 20)

enum {
    ROOTFILE_E_BROKEN = 1,
};

/*
 * Parses and checks: each root is signed by its own threshold of keys. Whether it has expired is
 * for the first refresh to see, since newer ones may follow.
 *
 * ret_roots  a new reference
 *
 * Returns 0, ROOTFILE_E_BROKEN with the reason, or negative.
 */
int rootfile_parse(const char *bytes, size_t size, json_t **ret_roots,
                   struct reason *reason) MUST_CHECK;

/* The text of one root ("image" or "director"), as it is verified; malloc'd. NULL: no memory. */
char *rootfile_root(const json_t *roots, const char *repository);

#endif
