/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ACCESS_PROFILE_H
#define CLI_ACCESS_PROFILE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

/*
 * Which server, and with what token: one file a profile, mode 0600, in
 * $XDG_CONFIG_HOME/modelferry/profiles/NAME.json:
 *
 *     {"modelferry_profile":1,"url":"https://…","token":"mft_…","ca_file":"/…"|absent}
 */
struct profile {
    const char *name;
    const char *url; /* without a slash at the end */
    const char *token;
    const char *ca_file; /* NULL: the system's certificates */
};

#define PROFILE_DEFAULT "default"

enum {
    PROFILE_E_MISSING = 1, /* there is no such profile */
    PROFILE_E_INVALID = 2, /* ret_error says what is wrong with the name or the file */
};

/* Reads one; the strings live in the arena. */
int profile_read(struct arena *arena, const char *name, struct profile *ret_profile,
                 const char **ret_error) MUST_CHECK;

/* Writes or replaces one. */
int profile_write(struct arena *arena, const struct profile *profile,
                  const char **ret_error) MUST_CHECK;

/* Removes one. */
int profile_remove(struct arena *arena, const char *name, const char **ret_error) MUST_CHECK;

/*
 * Checks that a URL is http or https with a host and neither user, query nor fragment, and cuts
 * slashes at its end.
 *
 * Returns the cut URL in the arena, or NULL with ret_error set.
 */
const char *profile_url(struct arena *arena, const char *text, const char **ret_error);

/* Whether a token sent to this URL can be read on the way: http to another machine. */
bool profile_url_is_plain(const char *url);

#endif
