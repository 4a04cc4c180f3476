/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_CACHE_DIR_H
#define BLOB_CACHE_DIR_H

#include "base/error.h"

#include <stdint.h>

/*
 * The directory of blob/cache.h: complete files under their digest in hex, and ".fill.XXXXXX" while
 * they are written. The time of last use is a file's mtime. Nothing is kept in memory, because
 * anybody may delete anything here at any time.
 */
#define CACHE_DIR_TEMPORARY_SIZE sizeof(".fill.XXXXXX")

enum {
    CACHE_DIR_E_MISSING = 1,
};

/* Opens a file that has exactly size bytes; one that has not is removed. Notes its use where the
 * last one was before used_before_s. Returns 0 or CACHE_DIR_E_MISSING. */
int cache_dir_open(const char *directory, const char *name, uint64_t size, int64_t used_before_s,
                   int *ret_fd) MUST_CHECK;

/* Removes the longest unused until `need` more bytes stay within the limit. */
int cache_dir_make_room(const char *directory, uint64_t limit_bytes, uint64_t need,
                        uint64_t *ret_evicted) MUST_CHECK;

/* Makes the directory where it is missing, and a temporary file in it. */
int cache_dir_create(const char *directory, char ret_name[static CACHE_DIR_TEMPORARY_SIZE],
                     int *ret_fd) MUST_CHECK;

/* The temporary file is complete: name is what it is called from now on. */
int cache_dir_publish(const char *directory, const char *temporary, int fd,
                      const char *name) MUST_CHECK;

/* Missing is fine. */
void cache_dir_remove(const char *directory, const char *name);

/* Removes temporary files that a crash left more than an hour ago. */
void cache_dir_sweep(const char *directory, int64_t now_ms);

#endif
