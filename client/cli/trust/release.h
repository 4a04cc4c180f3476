/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_RELEASE_H
#define CLI_TRUST_RELEASE_H

#include "cli/reference.h"
#include "cli/server.h"
#include "cli/trust/trust.h"
#include "model/manifest.h"
#include "tuf/key.h"

#include <stdbool.h>

/*
 * What a model's role in the image repository lists: only what it lists do TUF clients accept, and
 * the director name. Built on what was verified here, and built anew where another publisher was
 * quicker.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
struct release {
    struct trust *trust;
    const struct signer *signers; /* borrowed */
    size_t signer_count;
    int64_t lifetime_ms;
    bool shows;      /* how it differs from what was signed before */
    bool confirms;   /* asks, unless --yes; asked anyway where versions go for ever by the way */
    bool anew;       /* starts from nothing: what is not listed now is yanked */
    bool in_force;   /* result: false where other signatures are missing */
    int64_t version; /* result: of the role */
};

/* A version to list, or a variant that was added to one: behind that, or where that is listed. */
struct release_version {
    const struct manifest *manifest; /* as decoded from what was checked here */
    const void *envelope;            /* its bytes, as the server stores them */
    size_t size;
};

/* Lists versions of one model. */
int release_list(struct release *release, const struct release_version *versions,
                 size_t count) MUST_CHECK;

/* Signs the listing as it is: for a later expiry, or with other keys. */
int release_renew(struct release *release, const char *model) MUST_CHECK;

/*
 * Drops a version: clients refuse it from then on, and it never comes back.
 *
 * variant  drops only this one, "onnx/npu/int8", which was added to the version; NULL: all of it
 */
int release_yank(struct release *release, const struct reference *reference,
                 const char *variant) MUST_CHECK;

/*
 * What `publish` and `sign` do once a version is published, or a variant is added: lists it where a
 * root is trusted here. Where that fails it stays published, and this says how to go on.
 */
int release_published(struct server *server, const char *workspace, const struct signer *signer,
                      const struct release_version *version) MUST_CHECK;

#endif
