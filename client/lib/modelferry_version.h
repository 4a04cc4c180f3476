/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_MODELFERRY_VERSION_H
#define LIB_MODELFERRY_VERSION_H

#include <stdbool.h>
#include <stddef.h>

/* What the library reads of the agent's state directory; see agent/slot.h for who writes it. */

#define MODELFERRY_VERSION_FILES_MAX 64
#define MODELFERRY_VERSION_ID_SIZE 96

struct modelferry_version {
    char *name;
    char *version;
    char *variant;
    char *files[MODELFERRY_VERSION_FILES_MAX];
    char *paths[MODELFERRY_VERSION_FILES_MAX]; /* below dir */
    size_t file_count;
};

/* Whether it can be a slot's name, or that of a version's directory: nothing that leads elsewhere.
 */
bool modelferry_version_is_slot(const char *text);
bool modelferry_version_is_id(const char *text);

/* Reads .version.json in the directory. Returns 0 or enum mf_error. */
int modelferry_version_read(int dir_fd, const char *dir, struct modelferry_version *ret_version);

/* Accepts a zeroed struct. */
void modelferry_version_release(struct modelferry_version *version);

#endif
