/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_REPOSITORY_H
#define LIB_REPOSITORY_H

#include "lib/http.h"
#include "tuf/updater.h"

/* A TUF repository behind HTTP. */
struct repository {
    struct http *http;        /* borrowed */
    const char *metadata_url; /* as given; may hold percent escapes, with or without a last slash */
    const char *token;        /* bearer; NULL: none */
    char error[HTTP_ERROR_SIZE]; /* what went wrong last, for people */
};

/*
 * A source of metadata; repository is borrowed. 403, 404 and 410 mean that there is no such file
 * (stores such as S3 answer 403 for what is missing).
 */
struct updater_source repository_source(struct repository *repository);

/* "base/name" without a doubled slash; each segment of name percent-encoded. In the arena. */
char *repository_url(struct arena *arena, const char *base, const char *name);

enum {
    REPOSITORY_E_FAILED = 1,   /* not there, or not to be had: see error */
    REPOSITORY_E_MISMATCH = 2, /* longer or shorter than promised, or another hash */
};

/*
 * Downloads a target into a file, which is replaced at the end, durably, and only where length and
 * hashes are as promised (5.7.3).
 *
 * name  below the targets URL: updater_target_name()
 */
int repository_download(struct repository *repository, const char *targets_url, const char *name,
                        const struct metadata_target *target, const char *path) MUST_CHECK;

/* Whether the file is there and is the target (length, hashes): then it need not be fetched. */
int repository_has(const struct metadata_target *target, const char *path,
                   bool *ret_has) MUST_CHECK;

#endif
