/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_TOOL_H
#define CLI_LINEAGE_RUN_TOOL_H

#include "base/arena.h"
#include "base/options.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdbool.h>

/* The program that a run runs: which file it is, what version it says it is, and what it is told.
 */
struct run_tool {
    const char *name;    /* of the file */
    const char *path;    /* of the file, or NULL where it was not found */
    const char *version; /* the first line that it prints for --version; NULL: not known */
    bool hashed;
    uint8_t sha256[DIGEST_SHA256_SIZE]; /* of the file */
};

/*
 * Finds the program. ask_version: a program that is found in PATH is run with --version first, in
 * an empty directory and with no input, and what it prints is taken; one that is named by a path,
 * such as ./train.sh, never is.
 */
void run_tool_read(struct arena *arena, const char *command, bool ask_version,
                   struct run_tool *ret_tool);

/*
 * The arguments as a JSON array, a new reference. What looks like a secret is not kept: the value
 * of --password=X, --api-key X and the like, and the password in a URL, become "***".
 */
json_t *run_tool_arguments(struct arena *arena, char *const *arguments, int count);

/* Whether the name of a variable, or of an option, is that of a secret. */
bool run_tool_is_secret(const char *name);

/*
 * What of the environment is kept: a short list of names that change what tools do, and those that
 * are given. A new reference.
 */
json_t *run_tool_environment(const struct options_list *names);

#endif
