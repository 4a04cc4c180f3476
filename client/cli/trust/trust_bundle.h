/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_TRUST_BUNDLE_H
#define CLI_TRUST_TRUST_BUNDLE_H

#include "cli/trust/trust.h"

/*
 * The two roots in one file, as devices and other people's machines are given them, by a way that
 * is not the server: {"modelferry_trust":1,"image":{envelope},"director":{envelope}}.
 */

/* From what is trusted here. */
int trust_bundle_make(struct trust *trust, json_t **ret_bundle) MUST_CHECK;

/* Reads and checks a file. */
int trust_bundle_read(struct cli *cli, const char *path, json_t **ret_bundle) MUST_CHECK;

#endif
