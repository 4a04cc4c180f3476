/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_IMPORT_CHECK_H
#define CLI_EXPORT_IMPORT_CHECK_H

#include "cli/export/bundle.h"
#include "cli/interrupt.h"
#include "cli/publish/publish_groups.h"
#include "cli/server.h"
#include "tuf/key.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an export would bring, checked as a whole before anything of it is written. */

/* A model of the file: all of it is checked before anything is written. */
struct incoming_model {
    const char *name;
    const json_t *index; /* borrowed */
    bool exists;         /* on the server */
    struct key *keys;    /* whose signatures count */
    const char **key_names;
    size_t key_count;
    size_t known_count; /* of them, the first are registered already */
};

struct incoming_version {
    const struct incoming_model *model;
    const json_t *index;
    const char *name;
    const struct bundle_member *envelope;
    struct publish_file *files;
    size_t file_count;
    bool present;
};

struct importing {
    struct cli *cli;
    struct server server;
    struct bundle_reader bundle;
    struct interrupt interrupt;
    const char *workspace;
    json_t *index;
    struct incoming_model *models;
    size_t model_count;
    struct incoming_version *versions;
    size_t version_count;
    int64_t published;
    int64_t events;
};

/*
 * Reads the index of importing->bundle and checks every model and version in it: whole, signed by
 * who is trusted, and nothing of another name or content in its place on the server.
 *
 * Returns 0, an exit status once reported, or negative.
 */
int import_check(struct importing *importing) MUST_CHECK;

#endif
