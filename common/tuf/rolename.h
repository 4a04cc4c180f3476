/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_ROLENAME_H
#define TUF_ROLENAME_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A role's name as one segment of a URL, and as a file name: every byte but A-Za-z0-9_.-~ becomes
 * %XX (upper case). The same name serves both, since it has no slash; "." and ".." cannot arise as
 * whole names because an extension follows.
 */
char *rolename_quote(struct arena *arena, const char *role);

/*
 * What a repository is asked for: "3.root.json" is version 3 of "root", "timestamp.json" is version
 * 0 (the one in force) of "timestamp". name is percent-decoded already. False: no such name.
 */
bool rolename_parse_file(struct arena *arena, const char *name, int64_t *ret_version,
                         const char **ret_role);

#endif
