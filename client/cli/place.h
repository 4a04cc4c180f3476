/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "base/arena.h"
#include "base/error.h"

/*
 * Where this user's files are (XDG Base Directory Specification 0.8): configuration and keys in
 * $XDG_CONFIG_HOME/modelferry (~/.config/modelferry), what may be lost in
 * $XDG_STATE_HOME/modelferry (~/.local/state/modelferry). A variable that is not an absolute path
 * is ignored, as the specification says.
 */
enum {
    PLACE_E_NO_HOME = 1, /* neither the variable nor HOME is set */
};

/* The path of a file or folder below the configuration's; lives in the arena. */
int place_config(struct arena *arena, const char *below, const char **ret_path) MUST_CHECK;

/* The same below the state's. */
int place_state(struct arena *arena, const char *below, const char **ret_path) MUST_CHECK;

/* Makes the folder that holds path, mode 0700, and its parents. */
int place_make_parent(const char *path) MUST_CHECK;

#endif
