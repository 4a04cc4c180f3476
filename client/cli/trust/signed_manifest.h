/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_SIGNED_MANIFEST_H
#define CLI_TRUST_SIGNED_MANIFEST_H

#include "cli/keys/model_keys.h"
#include "cli/reference.h"
#include "cli/server.h"
#include "model/manifest.h"
#include "tuf/envelope.h"

/* A version's manifest as the server has it. Strings live in the command's arena. */
struct signed_manifest {
    struct buffer bytes; /* verbatim */
    struct envelope envelope;
    struct manifest manifest;
};

/*
 * Fetches it, and checks its form and that it is about this workspace, model and version. Checks
 * no signature.
 *
 * ret_manifest  signed_manifest_release() it
 *
 * Returns 0, an exit status once reported (CLI_UNVERIFIED where it is about something else or is
 * no manifest), or negative.
 */
int signed_manifest_fetch(struct server *server, const char *workspace,
                          const struct reference *reference,
                          struct signed_manifest *ret_manifest) MUST_CHECK;

/*
 * The same of a variant, "runtime/hardware/precision": the version's own where that has it, else
 * one that was added; and that this adds just that variant to the version whose manifest `own` is.
 */
int signed_manifest_fetch_variant(struct server *server, const char *workspace,
                                  const struct reference *reference, const char *variant,
                                  const struct signed_manifest *own,
                                  struct signed_manifest *ret_manifest) MUST_CHECK;

/*
 * Checks that one of the keys has signed it; warns where only a revoked one has.
 *
 * ret_keyid  of the key, in the command's arena
 *
 * Returns 0, CLI_UNVERIFIED once reported, or negative.
 */
int signed_manifest_verify(struct cli *cli, const struct signed_manifest *manifest,
                           const struct model_keys *keys, const char **ret_keyid) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void signed_manifest_release(struct signed_manifest *manifest);

#endif
