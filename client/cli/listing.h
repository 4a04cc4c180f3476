/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/cli.h"
#include "cli/table.h"

#include <jansson.h>

/* JSON as tables: which members are columns, and how they read. */
enum listing_kind {
    LISTING_TEXT,   /* strings as they are, numbers in digits, true and false as yes and no */
    LISTING_NAME,   /* text, in bold */
    LISTING_KEYID,  /* the first 12 characters of it */
    LISTING_WHEN,   /* a time; short in tables, long in sheets; null is "never" */
    LISTING_BYTES,  /* a size */
    LISTING_STATE,  /* text, green where it is good, red where it is bad */
    LISTING_PAIRS,  /* an object: "key=value, key=value" */
    LISTING_VALUES, /* an array of texts: "a, b" */
    LISTING_COUNT,  /* of the elements of an array or object */
};

struct listing_column {
    const char *title;
    const char *member; /* "installed.main.state"; a slot's name has no dot in these */
    enum listing_kind kind;
};

/* The member at a dotted path, or NULL. */
const json_t *listing_member(const json_t *object, const char *path);

/* One value as text, in the command's arena; NULL where there is none. */
const char *listing_text(struct cli *cli, const json_t *value, enum listing_kind kind,
                         bool is_long);

/* With --json the document as it is; else a table of its "items", or the note where it is empty. */
void listing_print(struct cli *cli, const struct listing_column *columns, size_t count,
                   const json_t *document, const char *empty_note);

/* A sheet, a line a column; lines whose member is missing or null are left out but for times. */
void listing_print_sheet(struct cli *cli, const struct listing_column *columns, size_t count,
                         const json_t *object);

#endif
