/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "cli/reference.h"
#include "cli/server.h"
#include "lineage/ref.h"

/* What a command is about: MODEL, MODEL@VERSION or MODEL@ALIAS. */

enum subject_kind {
    SUBJECT_MODEL = 1,   /* MODEL alone is accepted */
    SUBJECT_VERSION = 2, /* MODEL@VERSION, and MODEL@ALIAS for the version that it points to */
};

/* Checks the names; an alias is kept in ret_reference->alias until it is looked up. Returns 0, or
 * CLI_USAGE once reported. */
int subject_parse(struct cli *cli, const char *text, unsigned kinds,
                  struct reference *ret_reference) MUST_CHECK;

/* Asks where the alias points, if one was named, and says so. */
int subject_resolve(struct server *server, struct reference *reference) MUST_CHECK;

/* Both, and server_open() between them. */
int subject_open(struct cli *cli, const char *text, unsigned kinds, struct server *ret_server,
                 struct reference *ret_reference) MUST_CHECK;

/*
 * A node of the lineage as people name it (lineage/ref.h), also MODEL@ALIAS and
 * MODEL@ALIAS/RUNTIME/HARDWARE/PRECISION, which asks the server where the alias points. Returns 0,
 * an exit status once reported, or negative.
 */
int subject_node(struct server *server, const char *text, struct ref *ret_ref) MUST_CHECK;

/* The address of it, or of a part of it, such as "approvals"; NULL: itself. */
const char *subject_address(const struct server *server, const struct reference *reference,
                            const char *part);

/* "digits" or "digits@1.0.0". */
const char *subject_name(struct cli *cli, const struct reference *reference);

#endif
