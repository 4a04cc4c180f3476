/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_SEMVER_H
#define MODEL_SEMVER_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed digits or characters of the parsed text. */
struct semver_span {
    const char *text;
    size_t length;
};

/*
 * A version: Semantic Versioning 2.0.0, or a plain number ("7"), which orders as 7.0.0 just before
 * the semantic version 7.0.0. Numbers may be of any length. Borrows from the text.
 */
struct semver {
    struct semver_span numbers[3]; /* major, minor, patch; plain: minor and patch are "0" */
    struct semver_span prerelease; /* without '-'; length 0: none */
    struct semver_span build;      /* without '+'; takes no part in the order */
    bool plain;
};

/* False, leaving ret_version, where text is neither, or longer than NAME_VERSION_MAX_BYTES. */
bool semver_parse(const char *text, struct semver *ret_version);

/* Below, at or above 0 as a comes before, with or after b (semver.org, 11). */
int semver_compare(const struct semver *a, const struct semver *b);

#endif
