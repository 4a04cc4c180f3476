/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_METADIR_H
#define LIB_METADIR_H

#include "tuf/updater.h"

/*
 * Trusted TUF metadata in a directory: "root.json", "timestamp.json", ... under unversioned names,
 * role names made safe by rolename_quote(). Every change is atomic and durable.
 */

/*
 * path  must exist and outlive the store; borrowed
 */
struct updater_store metadir_store(const char *path);

#endif
