/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_RELEASE_H
#define CLI_RELEASE_H

#include "cli/reference.h"
#include "cli/server.h"
#include "cli/trust.h"
#include "model/manifest.h"
#include "tuf/key.h"

/*
 * What a model's role in the image repository lists: only what it lists do TUF clients accept, and
 * the director name. Built on what was verified here, and built anew where another publisher was
 * quicker.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
struct release {
    struct trust *trust;
    const struct signer *signer; /* borrowed */
    int64_t lifetime_ms;
    bool in_force; /* result: false where other signatures are missing */
};

/*
 * Lists a version.
 *
 * manifest      as decoded from what was signed here
 * envelope      its bytes, as the server stores them
 */
int release_list(struct release *release, const struct manifest *manifest, const void *envelope,
                 size_t size) MUST_CHECK;

/* Drops a version: clients refuse it from then on, and it never comes back. */
int release_yank(struct release *release, const struct reference *reference) MUST_CHECK;

#endif
