/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_MIGRATIONS_H
#define DB_MIGRATIONS_H

#include <stddef.h>

/* The migrations of migrations/, embedded at build time by migrations/embed.py. */
struct migration {
    int number; /* ascending, from 1 */
    const char *title;
    const char *sql;
    const char *sha256; /* of the file, in hex */
};

extern const struct migration migrations_all[];
extern const size_t migrations_count;

#endif
