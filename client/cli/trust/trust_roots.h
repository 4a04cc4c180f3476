/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_TRUST_ROOTS_H
#define CLI_TRUST_TRUST_ROOTS_H

#include "cli/trust/trust.h"

/*
 * The newest root of a repository, "image" or "director": from the one that is pinned here on, each
 * next one signed by the thresholds of both (TUF 1.0.33, 5.3), as far as the server has them. An
 * expired one too: who renews a root needs it.
 *
 * ret_root  metadata_release() it
 *
 * Returns 0, an exit status once reported, or negative.
 */
int trust_roots_walk(struct trust *trust, const char *repository,
                     struct metadata *ret_root) MUST_CHECK;

/*
 * The first root is pinned with the signatures that it had then. Where those were too few, takes
 * the same root with more of them from the server.
 *
 * Returns 0, CLI_FAILED once reported where it still waits for signatures, another status, or
 * negative.
 */
int trust_roots_complete(struct trust *trust, const char *repository) MUST_CHECK;

/* Whether a root of that repository is pinned here. */
bool trust_roots_pinned(const struct trust *trust, const char *repository);

#endif
