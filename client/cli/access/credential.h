/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ACCESS_CREDENTIAL_H
#define CLI_ACCESS_CREDENTIAL_H

#include "cli/cli.h"
#include "cli/listing.h"

/* What API tokens and enrolment tokens have in common. Both return a cli_status. */

struct credential_kind {
    const char *noun;       /* "token" */
    const char *collection; /* of the API: "tokens" */
    const struct listing_column *columns;
    size_t column_count;
    const char *none; /* said where there are none */
};

int credential_ls(struct cli *cli, const struct credential_kind *kind);
int credential_revoke(struct cli *cli, const struct credential_kind *kind, const char *id);

#endif
