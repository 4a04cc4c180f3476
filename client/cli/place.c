/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/place.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static int below_home(struct arena *arena, const char *variable, const char *fallback,
                      const char *below, const char **ret_path)
{
    const char *said = getenv(variable);
    const char *home = getenv("HOME");

    if (said && said[0] == '/') {
        *ret_path = arena_printf(arena, "%s/modelferry/%s", said, below);
        return 0;
    }
    if (!home || home[0] != '/')
        return PLACE_E_NO_HOME;
    *ret_path = arena_printf(arena, "%s/%s/modelferry/%s", home, fallback, below);
    return 0;
}

int place_config(struct arena *arena, const char *below, const char **ret_path)
{
    return below_home(arena, "XDG_CONFIG_HOME", ".config", below, ret_path);
}

int place_state(struct arena *arena, const char *below, const char **ret_path)
{
    return below_home(arena, "XDG_STATE_HOME", ".local/state", below, ret_path);
}

int place_make_parent(const char *path)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return 0;
    return file_mkdirs(AT_FDCWD, arena_strndup(&arena, path, (size_t)(slash - path)), 0700);
}
