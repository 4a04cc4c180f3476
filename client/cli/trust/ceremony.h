/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_CEREMONY_H
#define CLI_TRUST_CEREMONY_H

#include "cli/keys/keyring.h"
#include "cli/trust/workspace.h"
#include "tuf/role.h"

/* Signing files one after another with the keys that are here: each is shown as a difference,
 * confirmed, signed and brought to the server. */
struct ceremony {
    struct workspace *workspace;
    struct keyring *ring; /* who can sign here */
    bool confirms;        /* asks before each, unless --yes */
    json_t *files;        /* what became of each, an array; a reference */
};

struct ceremony_file {
    const char *repository;
    const char *role;
    const json_t *before; /* what was signed before; NULL: nothing */
    const json_t *part;
    const struct tuf_role *roles; /* keys that these name sign it */
    size_t role_count;
};

enum {
    CEREMONY_E_WAITS = -101,  /* signed, but others must sign too before it is in force */
    CEREMONY_E_NOBODY = -102, /* none of the keys that are here may sign it */
};

/* Returns 0 once it is in force, CEREMONY_E_*, an exit status once reported, or negative. */
int ceremony_sign(struct ceremony *ceremony, const struct ceremony_file *file) MUST_CHECK;

/* Reports which keys could have signed. Returns CLI_FAILED. */
int ceremony_refuse_nobody(struct cli *cli, const struct ceremony_file *file);

/*
 * Whether something already waits for signatures under that role, which would be in the way:
 * CLI_FAILED once reported.
 */
int ceremony_check_free(const struct ceremony *ceremony, const json_t *status,
                        const char *repository, const char *role) MUST_CHECK;

/* Prints the result and what is still to be done. Returns the command's exit status. */
int ceremony_finish(struct ceremony *ceremony, int outcome);

#endif
