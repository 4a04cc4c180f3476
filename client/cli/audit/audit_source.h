/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AUDIT_AUDIT_SOURCE_H
#define CLI_AUDIT_AUDIT_SOURCE_H

#include "cli/server.h"

#include <jansson.h>
#include <stdio.h>

/*
 * Where an audit log comes from: a server, page by page, or a file that was exported from one.
 *
 * The file is JSON, one document a line: {"_type","server","workspace","keys"}, then
 * {"checkpoint":envelope} and {"entry":…}, both newest first, then {"end":how many lines before}:
 * a file that was cut off is known by that.
 */
#define AUDIT_SOURCE_TYPE "modelferry-audit-log"

struct audit_source {
    struct cli *cli;
    struct server server; /* not of a file */
    FILE *file;           /* NULL: the server */
    const char *path;
    const char *server_url;
    const char *workspace;
    json_t *keys;        /* [{"keyid","key"}]: of the server, now and before */
    json_t *checkpoints; /* envelopes, newest first */
    FILE *copy;          /* everything is written there, too; NULL: nowhere */
    const char *copy_path;
    int64_t lines; /* read, or written */
    json_t *next;  /* read ahead from the file */
};

/* Reads all but the entries. path NULL: from the server. copy_path NULL: no copy is made; a file
 * that exists is refused. Functions return 0, an exit status once reported, or negative. */
int audit_source_open(struct cli *cli, const char *path, const char *copy_path,
                      struct audit_source *ret_source) MUST_CHECK;

/* Gives every entry, newest first; then what was copied is durable. */
int audit_source_read(struct audit_source *source, void (*take)(void *arg, const json_t *entry),
                      void *arg) MUST_CHECK;

/* Removes a copy that did not become whole. */
void audit_source_close(struct audit_source *source);

#endif
