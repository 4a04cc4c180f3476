/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Files as durable state. Paths are relative to dir_fd (AT_FDCWD allowed). */

enum {
    FILE_E_MISSING = 1,
    FILE_E_TOO_LARGE = 2,
    FILE_E_EXISTS = 3,
};

/*
 * Reads a whole file of at most ceiling bytes.
 *
 * ret_bytes  malloc'd, with a NUL behind the contents; the caller frees it
 * ret_size   may be NULL
 *
 * Returns 0, FILE_E_MISSING, FILE_E_TOO_LARGE, or negative when fatal.
 */
int file_read(int dir_fd, const char *path, size_t ceiling, char **ret_bytes,
              size_t *ret_size) MUST_CHECK;

/*
 * Replaces a file's contents atomically and durably: writes "<path>.tmp", fsyncs it, renames it
 * over path, fsyncs the directory. After a crash the old or the new contents are there, whole.
 * One writer at a time.
 */
int file_replace(int dir_fd, const char *path, const void *bytes, size_t size,
                 mode_t mode) MUST_CHECK;

/*
 * Creates a file with these contents, atomically and durably: it is there whole or not at all, and
 * what is there already is never replaced, however many try at once. Who is killed in between
 * leaves nothing, but on file systems without O_TMPFILE, where it may be PATH.PID.tmp.
 *
 * Returns 0, FILE_E_EXISTS, or negative when fatal.
 */
int file_create(int dir_fd, const char *path, const void *bytes, size_t size,
                mode_t mode) MUST_CHECK;

/* Points the symbolic link `path` at `target`, atomically and durably ("<path>.tmp", rename). */
int file_replace_link(int dir_fd, const char *path, const char *target) MUST_CHECK;

/* Makes path and its parents; what exists is fine. */
int file_mkdirs(int dir_fd, const char *path, mode_t mode) MUST_CHECK;

/* Removes path and everything below it, never following a symbolic link. Missing is fine. */
int file_remove_tree(int dir_fd, const char *path) MUST_CHECK;

/* fsyncs the directory that path names ("." for dir_fd itself). */
int file_sync_dir(int dir_fd, const char *path) MUST_CHECK;

/* Writes all of it, through short writes and EINTR. */
int file_write_all(int fd, const void *bytes, size_t size) MUST_CHECK;

#endif
