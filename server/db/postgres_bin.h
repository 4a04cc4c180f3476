/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_POSTGRES_BIN_H
#define DB_POSTGRES_BIN_H

#include "base/error.h"

#include <limits.h>

/* Where the programs of an installed PostgreSQL server are. */

#define POSTGRES_BIN_MAJOR_MIN 15

/*
 * major    the major version wanted, or 0: the newest that is at least POSTGRES_BIN_MAJOR_MIN
 * ret_dir  the directory of initdb and postgres
 *
 * Returns 0, or negative where there is none (logged, with what to install).
 */
int postgres_bin_find(int major, char ret_dir[static PATH_MAX]) MUST_CHECK;

#endif
