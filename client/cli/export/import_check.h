/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_IMPORT_CHECK_H
#define CLI_EXPORT_IMPORT_CHECK_H

#include "cli/export/bundle.h"
#include "cli/export/export_index.h"
#include "cli/interrupt.h"
#include "cli/publish/publish_groups.h"
#include "cli/server.h"
#include "tuf/key.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an export would bring, checked as a whole before anything of it is written. */

struct incoming_model {
    const struct export_index_model *said;
    bool exists;      /* on the server */
    struct key *keys; /* whose signatures count */
    const char **key_names;
    size_t key_count;
    size_t known_count; /* of them, the first are registered already */
};

/* A signed document of the file: a version's own, or that of a variant added to it. */
struct incoming_document {
    const struct export_index_document *said;
    const struct bundle_member *envelope;
    struct publish_file *files;
    size_t file_count;
    bool present; /* on the server */
};

struct incoming_version {
    const struct incoming_model *model;
    const struct export_index_version *said;
    struct incoming_document own;
    struct incoming_document *added; /* said->added_count of them */
};

struct importing {
    struct cli *cli;
    struct server server;
    struct bundle_reader bundle;
    struct interrupt interrupt;
    const char *workspace;
    json_t *json; /* what `index` borrows from */
    struct export_index index;
    struct incoming_model *models; /* index.model_count */
    struct incoming_version *versions;
    size_t version_count;
    int64_t published;
    int64_t added; /* variants */
    int64_t events;
};

/*
 * Reads the index of importing->bundle and checks every model, version, added variant and event
 * in it: whole, signed by who is trusted, and nothing of another name or content in its place on
 * the server.
 *
 * Returns 0, an exit status once reported, or negative.
 */
int import_check(struct importing *importing) MUST_CHECK;

/* Reports why nothing was imported. Returns CLI_UNVERIFIED. */
int import_check_refuse(const struct importing *importing, const char *hint, const char *why);

#endif
