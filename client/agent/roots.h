/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ROOTS_H
#define AGENT_ROOTS_H

#include "agent/store.h"
#include "base/error.h"
#include "model/name.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The roots of the two repositories that were pinned at enrolment. They never change; the newer
 * roots that a refresh reaches from them, and all other trusted metadata, are in metadata/director
 * and metadata/image, and may be lost: the way starts here again.
 */
enum roots_repository {
    ROOTS_DIRECTOR,
    ROOTS_IMAGE,
};

#define ROOTS_REPOSITORIES 2
#define ROOTS_DETAIL_SIZE 512

/* "director", "image" */
const char *roots_name(enum roots_repository repository);

struct roots {
    char workspace[NAME_MAX_BYTES + 1];
    char *texts[ROOTS_REPOSITORIES];
};

enum {
    ROOTS_E_NONE = 1,   /* none are pinned */
    ROOTS_E_BROKEN = 2, /* the file cannot be used: ret_detail says why */
};

/* Reads a file of roots without pinning it. Returns 0, ROOTS_E_BROKEN, or negative. */
int roots_read(const char *path, struct roots *ret_roots,
               char ret_detail[static ROOTS_DETAIL_SIZE]) MUST_CHECK;

/*
 * Pins the roots of a file (`modelferry root export`). The same again changes nothing; others
 * replace those that were pinned, and all metadata that was reached from them.
 *
 * Returns 0, ROOTS_E_BROKEN, or negative.
 */
int roots_pin(const struct store *store, const char *path,
              char ret_detail[static ROOTS_DETAIL_SIZE]) MUST_CHECK;

/* Returns 0, ROOTS_E_NONE, ROOTS_E_BROKEN, or negative. */
int roots_load(const struct store *store, struct roots *ret_roots,
               char ret_detail[static ROOTS_DETAIL_SIZE]) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void roots_release(struct roots *roots);

/* The directory of a repository's trusted metadata, made where it is missing. */
#define ROOTS_PATH_SIZE 4200
int roots_directory(const struct store *store, enum roots_repository repository,
                    char ret_path[static ROOTS_PATH_SIZE]) MUST_CHECK;

/*
 * Makes sure that a refresh can start: where the repository's root.json is missing or damaged, the
 * pinned one takes its place. Returns 0 or negative.
 */
int roots_restore(const struct store *store, const struct roots *roots,
                  enum roots_repository repository) MUST_CHECK;

/* Forgets everything that was reached from the pinned root. Returns 0 or negative. */
int roots_forget(const struct store *store, enum roots_repository repository) MUST_CHECK;

#endif
