/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What a program can be told, as one table: an entry is a key of a configuration file, an
 * environment variable and a command-line flag at once, with one type, one default and one help
 * text. Later sources overwrite earlier ones; the usual order is
 *
 *     options_defaults, options_file, options_environment, options_arguments
 *
 * The entry {"database", "url", ...} is
 *
 *     in a file         [database]
 *                       url = postgresql:///modelferry
 *     in the environment MODELFERRY_DATABASE_URL (with the prefix "MODELFERRY_")
 *     as a flag         --database-url=VALUE or --database-url VALUE
 *
 * An entry without a section exists as a flag only ("--json"). A flag of type bool takes no value;
 * --no-NAME unsets it. Values are written into a struct of the caller's at the entry's offset.
 */

enum option_type {
    OPTION_TEXT,     /* const char *; NULL where nothing was said and there is no default */
    OPTION_INTEGER,  /* int64_t from min to max */
    OPTION_SIZE,     /* int64_t in bytes, from min to max: "512", "64 KiB", "2MiB", "1GiB" */
    OPTION_DURATION, /* int64_t in milliseconds, from min to max: "0", "500ms", "30s", "5m", "2h",
                        "7d" */
    OPTION_BOOL,     /* bool: "true" or "false" */
    OPTION_CHOICE,   /* int64_t: the index into choices */
    OPTION_LIST,     /* struct options_list: a text each time it is said; a source that says any
                        replaces what earlier sources said */
};

enum option_flag {
    OPTION_RELOADABLE = 1, /* takes effect on reload */
    OPTION_SECRET = 2,     /* never echoed in errors; not accepted as a flag */
    OPTION_REQUIRED = 4,   /* options_check refuses where it is missing (TEXT and LIST) */
};

struct option_entry {
    const char *section; /* NULL: a flag only */
    const char *name;    /* words joined by '_' */
    enum option_type type;
    size_t offset;
    const char *fallback; /* the default as one would write it; NULL: none */
    unsigned flags;
    int64_t min; /* min and max 0: no limit but the type's */
    int64_t max;
    const char *const *choices; /* OPTION_CHOICE: ends with NULL */
    char letter;                /* short flag, or 0 */
    const char *value_name;     /* for help: "FILE"; NULL: made from the type */
    const char *help;           /* one or more sentences; ends with a full stop */
};

/* A table ends with an entry whose name is NULL. At most this many entries. */
#define OPTIONS_MAX 128

struct options_list {
    size_t count;
    const char *const *texts;
};

enum {
    OPTIONS_E_INVALID = 1, /* ret_error says where, what, and what would be right */
    OPTIONS_E_MISSING = 2, /* options_file: there is no such file */
};

/* Where values go, and where their strings live. */
struct options_target {
    const struct option_entry *table;
    void *values;
    struct arena *arena;
};

/* Fills in the defaults, which must be valid (assert). Values without one are zeroed. */
void options_defaults(const struct options_target *target);

/*
 * Reads a file: "[section]" lines, "key = value" lines, lines that start with '#' or ';'. A value
 * may stand in double quotes. Unknown sections and keys, and keys set twice, are refused, with the
 * nearest known name.
 *
 * Returns 0, OPTIONS_E_INVALID, OPTIONS_E_MISSING (ret_error is set for both; it lives in the
 * arena), or negative when fatal.
 */
int options_file(const struct options_target *target, const char *path,
                 const char **ret_error) MUST_CHECK;

/* As options_file, from a text; name stands for the path in errors. */
int options_parse(const struct options_target *target, const char *name, const char *text,
                  const char **ret_error) MUST_CHECK;

/* A variable NAME_FILE of a secret NAME names a file that holds it (systemd's credentials).
 * A variable that starts with the prefix and a section's name, but names no entry, is refused,
 * unless it is in `except` (ends with NULL; may be NULL). Returns 0 or OPTIONS_E_INVALID. */
int options_environment(const struct options_target *target, const char *prefix,
                        const char *const *except, const char **ret_error) MUST_CHECK;

/*
 * Flags of argv[0] to argv[argc-1] (without the program's name). What is no flag is an operand;
 * behind "--" all are. Operands are moved to the front of argv, in order.
 *
 * Returns 0 or OPTIONS_E_INVALID.
 */
int options_arguments(const struct options_target *target, int argc, char **argv, int *ret_operands,
                      const char **ret_error) MUST_CHECK;

/* Whether everything that is OPTION_REQUIRED was said. */
int options_check(const struct options_target *target, const char **ret_error) MUST_CHECK;

/*
 * Writes the value of the entry as one would write it in a file, into the arena; NULL where it is
 * text that is not set. "(secret)" for secrets.
 */
const char *options_show(const struct options_target *target, const struct option_entry *entry);

#include "base/options_command.h"
#include "base/options_print.h"

#endif
