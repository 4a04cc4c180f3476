/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_ROLENAME_H
#define TUF_ROLENAME_H

#include "base/arena.h"

/*
 * A role's name as one segment of a URL, and as a file name: every byte but A-Za-z0-9_.-~ becomes
 * %XX (upper case). The same name serves both, since it has no slash; "." and ".." cannot arise as
 * whole names because an extension follows.
 */
char *rolename_quote(struct arena *arena, const char *role);

#endif
