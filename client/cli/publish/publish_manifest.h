/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PUBLISH_PUBLISH_MANIFEST_H
#define CLI_PUBLISH_PUBLISH_MANIFEST_H

#include "cli/publish/publish_groups.h"
#include "cli/reference.h"
#include "cli/trust/signed_manifest.h"

#include <jansson.h>

/*
 * The `signed` part of a version's envelope, from hashed files and what the flags say (--metric,
 * --param, --tag, --description). What it makes was decoded and checked like a foreign manifest.
 *
 * to  the version's own manifest where this adds a variant to it; NULL: it is a version
 *
 * Returns 0 with a new reference, CLI_USAGE once reported, or negative.
 */
int publish_manifest_make(struct cli *cli, const char *workspace, const struct reference *reference,
                          const struct publish_groups *groups, const struct signed_manifest *to,
                          json_t **ret_signed) MUST_CHECK;

/*
 * The same of the flags alone, so that a mistake is found before anything is hashed.
 */
int publish_manifest_check_flags(struct cli *cli) MUST_CHECK;

#endif
