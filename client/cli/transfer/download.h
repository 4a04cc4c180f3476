/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRANSFER_DOWNLOAD_H
#define CLI_TRANSFER_DOWNLOAD_H

#include "cli/interrupt.h"
#include "cli/server.h"
#include "model/manifest.h"

/*
 * Downloads an artifact, hashing while it comes, and checks its length and SHA-256. A download that
 * was cut off goes on where it was, in this process and in the next one; while the server does not
 * answer it is asked again until --retry-for passed without progress.
 *
 * folder  where to put it, under the artifact's name, once it is whole and right (until then it is
 *         ".NAME.part"); a file that is there and right is left alone, a different one is refused.
 *         NULL: the bytes are only checked
 *
 * Returns 0, an exit status once reported (CLI_UNVERIFIED where the bytes are not what the manifest
 * says), or negative.
 */
int download_artifact(struct server *server, struct interrupt *interrupt, const char *folder,
                      const struct manifest_artifact *artifact) MUST_CHECK;

#endif
