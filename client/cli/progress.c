/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "cli/printable.h"
#include "cli/units.h"

#include <stdio.h>
#include <string.h>

#define REDRAW_US 100000
#define LABEL_COLUMNS_MAX 28
#define BAR_COLUMNS_MIN 6
#define BAR_COLUMNS_MAX 40
#define LINE_SIZE 1024

static bool draws(const struct progress *progress)
{
    const struct output *output = progress->output;

    return output->err_terminal && !output->json && !output->quiet;
}

void progress_begin(struct progress *progress, const struct output *output,
                    const struct clock *clock, const char *label, uint64_t total)
{
    *progress = (struct progress){
        .output = output,
        .clock = clock,
        .label = label,
        .total = total,
        .started_us = clock_monotonic_us(clock),
    };
}

void progress_resume(struct progress *progress, uint64_t done)
{
    progress->start = done;
    progress->done = done;
    progress->started_us = clock_monotonic_us(progress->clock);
}

static unsigned percent(const struct progress *progress)
{
    double part = progress->total ? (double)progress->done / (double)progress->total : 1;

    return part >= 1 ? 100 : (unsigned)(part * 100);
}

/* "12.3 MiB of 27.0 MiB  8.1 MiB/s  2.0 s left" */
static void render_figures(const struct progress *progress, int64_t now_us, char *ret_text,
                           size_t size)
{
    char done[UNITS_SIZE];
    char total[UNITS_SIZE];
    char speed[UNITS_SIZE];
    char left[UNITS_SIZE];
    double seconds = (double)(now_us - progress->started_us) / 1e6;
    double moved = (double)(progress->done - progress->start);

    units_bytes(progress->done, done);
    units_bytes(progress->total, total);
    /* Before a second or so a speed says nothing. */
    if (seconds < 0.5 || moved <= 0) {
        (void)snprintf(ret_text, size, "%s of %s", done, total);
        return;
    }
    units_bytes((uint64_t)(moved / seconds), speed);
    if (progress->done >= progress->total) {
        (void)snprintf(ret_text, size, "%s of %s  %s/s", done, total, speed);
        return;
    }
    units_duration((int64_t)((double)(progress->total - progress->done) / (moved / seconds) * 1e6),
                   left);
    (void)snprintf(ret_text, size, "%s of %s  %s/s  %s left", done, total, speed, left);
}

static void render_bar(const struct progress *progress, unsigned columns, char *ret_text)
{
    unsigned inner = columns - 2;
    unsigned filled = progress->total
                          ? (unsigned)((double)progress->done / (double)progress->total * inner)
                          : inner;

    if (filled > inner)
        filled = inner;
    ret_text[0] = '[';
    for (unsigned i = 0; i < inner; i++)
        ret_text[1 + i] = i < filled ? '=' : ' ';
    if (filled < inner)
        ret_text[1 + filled] = '>';
    ret_text[1 + inner] = ']';
    ret_text[2 + inner] = '\0';
}

void progress_render(const struct progress *progress, int64_t now_us, unsigned columns,
                     char *ret_line, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *label = printable_text(&arena, progress->label);
    char figures[4 * UNITS_SIZE + 32];
    char bar[BAR_COLUMNS_MAX + 1] = "";
    size_t label_columns = printable_columns(label);
    size_t fixed;

    if (label_columns > LABEL_COLUMNS_MAX) {
        label = "";
        label_columns = 0;
    }
    render_figures(progress, now_us, figures, sizeof(figures));
    fixed = label_columns + 2 + strlen("  100%  ") + strlen(figures);
    if (columns > fixed + BAR_COLUMNS_MIN) {
        size_t room = columns - fixed - 1;

        render_bar(progress, room > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : (unsigned)room, bar);
    }
    (void)snprintf(ret_line, size, "%s%s%s%s%3u%%  %s", label, *label ? "  " : "", bar,
                   *bar ? "  " : "", percent(progress), figures);
    /* Only a terminal too narrow for the figures alone gets here; they are ASCII. */
    if (printable_columns(ret_line) > columns)
        (void)snprintf(ret_line, columns + 1 < size ? columns + 1 : size, "%3u%%  %s",
                       percent(progress), figures);
}

void progress_update(struct progress *progress, uint64_t done)
{
    char line[LINE_SIZE];
    int64_t now_us;

    progress->done = done;
    if (!draws(progress))
        return;
    now_us = clock_monotonic_us(progress->clock);
    if (progress->drawn_us && now_us - progress->drawn_us < REDRAW_US)
        return;
    progress->drawn_us = now_us;
    progress_render(progress, now_us, progress->output->columns - 1, line, sizeof(line));
    (void)fprintf(progress->output->err, "\r\x1b[K%s", line);
    (void)fflush(progress->output->err);
}

void progress_end(struct progress *progress, const char *text)
{
    if (progress->drawn_us) {
        (void)fputs("\r\x1b[K", progress->output->err);
        (void)fflush(progress->output->err);
    }
    progress->drawn_us = 0;
    if (text)
        output_note(progress->output, "%s", text);
}
