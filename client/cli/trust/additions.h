/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_ADDITIONS_H
#define CLI_TRUST_ADDITIONS_H

#include "cli/reference.h"
#include "cli/server.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Which variants were added to a version: the server's word. Their documents are fetched and
 * verified one by one (signed_manifest_fetch_variant).
 */
struct addition {
    const char *variant; /* "onnx/npu/int8" */
    const char *sha256;  /* of its document, in hex; NULL: the server does not say */
    bool listed;         /* the image repository lists it, or did */
    bool yanked;         /* the image repository listed it, and never will again */
};

struct additions {
    struct addition *items; /* in the command's arena, as they came */
    size_t count;
};

/* version: as the server shows it */
void additions_read(struct cli *cli, const json_t *version, struct additions *ret_additions);

/* Asks the server. Returns 0, an exit status once reported, or negative. */
int additions_fetch(struct server *server, const struct reference *reference,
                    struct additions *ret_additions) MUST_CHECK;

/* NULL where it was not added. */
const struct addition *additions_find(const struct additions *additions, const char *variant);

#endif
