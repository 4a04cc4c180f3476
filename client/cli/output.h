/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Where a command's words go: results to `out`, everything else (notes, progress, errors) to
 * `err`. With --json the result is one JSON document on `out`, an error is one JSON object on one
 * line of `err`, and notes are not printed.
 */
struct output {
    FILE *out;
    FILE *err;
    bool json;
    bool quiet;        /* no notes, no progress */
    bool out_colour;   /* out is a terminal that shows colours, and NO_COLOR is not set */
    bool err_colour;   /* the same of err */
    bool err_terminal; /* progress bars are drawn */
    unsigned columns;  /* of the terminal; 80 where there is none */
    int64_t now_ms;    /* relative times are relative to this */
};

enum output_style {
    OUTPUT_PLAIN,
    OUTPUT_BOLD,
    OUTPUT_DIM,
    OUTPUT_GOOD,
    OUTPUT_WARN,
    OUTPUT_BAD,
};

/* Looks at the two streams and the environment (NO_COLOR, TERM, COLUMNS). */
void output_init(struct output *output, FILE *out, FILE *err, int64_t now_ms);

/* The escape that starts a style on a stream, or "" where it shows no colours. */
const char *output_style(bool colour, enum output_style style);

/*
 * Reports why a command ends, and returns `status` (one of enum cli_exit), so that the origin of
 * an error is one statement.
 *
 * hint     what to do next, one sentence; NULL: nothing. Printed below the message
 * problem  the server's problem document, for --json; NULL: none. Borrowed
 */
int output_fail(struct output *output, int status, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);
int output_fail_problem(struct output *output, int status, const char *hint, const json_t *problem,
                        const char *format, ...) PRINTF_LIKE(5, 6);

/* A sentence for people on `err`; nothing with --json or --quiet. */
void output_note(const struct output *output, const char *format, ...) PRINTF_LIKE(2, 3);
/* As output_note, marked as a warning; with --json and --quiet too, since it must be seen. */
void output_warn(const struct output *output, const char *format, ...) PRINTF_LIKE(2, 3);

/* A line of the result on `out`; nothing with --json. */
void output_line(const struct output *output, const char *format, ...) PRINTF_LIKE(2, 3);

/* The result, with --json: indented by two, members in the order they were set. */
void output_json(const struct output *output, const json_t *document);

#endif
