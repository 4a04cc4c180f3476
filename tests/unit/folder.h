/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLDER_H
#define FOLDER_H

#include "base/file.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A temporary folder of a test's own:
 *
 *     CLEANUP(folder_release) struct folder folder = folder_make();
 */
struct folder {
    char path[64];
    int fd;
};

static inline struct folder folder_make(void)
{
    struct folder folder = {.path = "/tmp/modelferry-test-XXXXXX"};

    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(folder.fd, 0);
    return folder;
}

static inline void folder_release(struct folder *folder)
{
    (void)close(folder->fd);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder->path), 0);
}

#endif
