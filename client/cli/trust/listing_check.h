/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_LISTING_CHECK_H
#define CLI_TRUST_LISTING_CHECK_H

#include "cli/trust/workspace.h"
#include "tuf/role.h"

/*
 * Whether what somebody proposes as a model's listing may be signed: nothing that was listed is
 * another now; every version that is added is listed whole, just as its manifest says, and that
 * manifest is signed by one of those who may sign for the model. So is what is added to a version.
 *
 * before   NULL: nothing was listed
 * signers  the model's role
 *
 * Returns 0, CLI_UNVERIFIED once reported, another status, or negative.
 */
int listing_check(struct workspace *workspace, const char *model, const json_t *before,
                  const json_t *after, const struct tuf_role *signers) MUST_CHECK;

#endif
