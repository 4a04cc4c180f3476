/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include "format/info.h"
#include "format/view.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The formats of model files: which there are, which one a file is of, and what it says of itself.
 * Files are read, never loaded: what a reader costs is bounded by its view (format/view.h) and the
 * limits of format/info.h, whatever the file claims.
 */

/* A file, and those that lie beside it. */
struct format_file {
    const char *name; /* without a folder */
    struct source source;
};

struct format_set {
    const struct format_file *files;
    size_t count;
    const struct view_limits *limits; /* NULL: VIEW_LIMITS_DEFAULT */
};

/* What a reader gets. */
struct format_scan {
    struct view *view;
    const char *name;
    const struct format_set *set;
    struct info_draft *draft;
};

/* One row of the table. */
struct format {
    const char *name;          /* "onnx" */
    const char *title;         /* "an ONNX model": for messages */
    const char *extensions[4]; /* ".onnx": a file named so says that it is of this format */
    const char *runtimes[5];   /* variants of these runtimes consist of it */
    bool magic;                /* its first bytes are like those of no other */
    /* Whether its first bytes could be such a file's: a magic number, where there is one. */
    int (*probe)(struct view *view, bool *ret_maybe);
    /* Fills the draft. Returns 0, an outcome of format/fault.h, or negative. */
    int (*read)(const struct format_scan *scan);
};

/* NULL where no format has it. */
const struct format *format_find(const char *name);
const struct format *format_of_runtime(const char *runtime);
const struct format *format_of_name(const char *file_name);

/* Row i of the table, or NULL behind its end. */
const struct format *format_at(size_t i);

/* "onnx, tflite, ..." */
const char *format_list(struct arena *arena);

/*
 * Reads file `index` of the set as `format`; NULL finds out which, and takes none that does not
 * read whole.
 *
 * arena      takes what the info consists of
 * ret_fault  where and what, for a positive outcome
 *
 * Returns 0, an outcome of format/fault.h, or negative.
 */
int format_read(const struct format_set *set, size_t index, const struct format *format,
                struct arena *arena, struct format_info *ret_info,
                struct fault *ret_fault) MUST_CHECK;

/* The file of that name in the set, or NULL. */
const struct format_file *format_beside(const struct format_set *set, const char *name);

#endif
