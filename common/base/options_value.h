/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTIONS_VALUE_H
#define BASE_OPTIONS_VALUE_H

#include "base/options.h"

/* Shared by the sources of options_*.c; nobody else includes it. */

/* "database-url" or, with another separator, "DATABASE_URL" (upper) or "database.url". */
#define OPTIONS_VALUE_NAME_SIZE 96
void options_value_flag(const struct option_entry *entry,
                        char ret_name[static OPTIONS_VALUE_NAME_SIZE]);
void options_value_variable(const struct option_entry *entry, const char *prefix,
                            char ret_name[static OPTIONS_VALUE_NAME_SIZE]);

/*
 * Parses and stores one value. first says that a list starts anew.
 * Returns NULL, or what is expected instead ("a number from 1 to 64"), in the arena.
 */
const char *options_value_set(const struct options_target *target, const struct option_entry *entry,
                              const char *text, bool first);

/* "a number from 1 to 64", in the arena. */
const char *options_value_expected(const struct option_entry *entry, struct arena *arena);

/* A value as one would write it, in the arena. */
const char *options_value_format(const struct option_entry *entry, int64_t value,
                                 struct arena *arena);

/* The name closest to `name` by edit distance, or NULL where none is close. */
const char *options_value_nearest(const char *name, const char *const *names, size_t count);

#endif
