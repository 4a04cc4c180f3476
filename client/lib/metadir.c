/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/metadir.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "tuf/rolename.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES_MAX 250 /* what file systems allow, less ".tmp" */

/* Returns NULL where no file can have such a name. */
static const char *path_of(const char *directory, const char *role, struct arena *arena)
{
    const char *name = arena_printf(arena, "%s.json", rolename_quote(arena, role));

    if (strlen(name) > NAME_BYTES_MAX)
        return NULL;
    return arena_printf(arena, "%s/%s", directory, name);
}

static int load(void *state, const char *role, size_t max_bytes, struct buffer *ret_bytes)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = path_of(state, role, &arena);
    AUTO_FREE char *bytes = NULL;
    size_t size;
    int r;

    if (!path)
        return UPDATER_STORE_E_MISSING;
    r = file_read(AT_FDCWD, path, max_bytes, &bytes, &size);
    if (r)
        return r < 0 ? r : UPDATER_STORE_E_MISSING;
    buffer_append(ret_bytes, bytes, size);
    return ret_bytes->failed ? log_fail(ERR_NO_MEMORY, "cannot load '%s': out of memory", path) : 0;
}

static int save(void *state, const char *role, const void *bytes, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = path_of(state, role, &arena);

    if (!path)
        return log_fail(ERR_INTERNAL, "cannot store the role '%.80s': its name is too long", role);
    return file_replace(AT_FDCWD, path, bytes, size, 0644);
}

static int drop(void *state, const char *role)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = path_of(state, role, &arena);

    if (!path)
        return 0;
    if (unlink(path) < 0)
        return errno == ENOENT ? 0 : log_fail_errno("cannot remove '%s'", path);
    return file_sync_dir(AT_FDCWD, state);
}

struct updater_store metadir_store(const char *path)
{
    return (struct updater_store){
        .load = load,
        .save = save,
        .drop = drop,
        .state = (char *)path,
    };
}
