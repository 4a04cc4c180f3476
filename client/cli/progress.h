/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/clock.h"
#include "cli/output.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A bar for one transfer, redrawn in place at most ten times a second, on standard error and only
 * where that is a terminal:
 *
 *     model.onnx  [=========>          ]  45%  12.3 MiB of 27.0 MiB  8.1 MiB/s  2.0 s left
 *
 * Calls are cheap and do nothing where there is no terminal, with --json and with --quiet.
 */
struct progress {
    const struct output *output;
    const struct clock *clock;
    const char *label;
    uint64_t total; /* bytes */
    uint64_t start; /* bytes that were there before: they do not count as speed */
    uint64_t done;
    int64_t started_us;
    int64_t drawn_us; /* 0: never */
};

/* label is borrowed until progress_end. */
void progress_begin(struct progress *progress, const struct output *output,
                    const struct clock *clock, const char *label, uint64_t total);

/* What is there already: speed counts from here. */
void progress_resume(struct progress *progress, uint64_t done);

void progress_update(struct progress *progress, uint64_t done);

/* Erases the bar, and prints a line in its place unless text is NULL. */
void progress_end(struct progress *progress, const char *text);

/*
 * The line at a moment, at most `columns` wide, without escapes: what progress_update draws.
 * ret_line holds `size` bytes.
 */
void progress_render(const struct progress *progress, int64_t now_us, unsigned columns,
                     char *ret_line, size_t size);

#endif
