/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "cli/printable.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_FALLBACK 80
#define COLUMNS_MAX 500

static const char *const escapes[] = {
    [OUTPUT_PLAIN] = "\x1b[0m", [OUTPUT_BOLD] = "\x1b[1m",  [OUTPUT_DIM] = "\x1b[2m",
    [OUTPUT_GOOD] = "\x1b[32m", [OUTPUT_WARN] = "\x1b[33m", [OUTPUT_BAD] = "\x1b[31m",
};

/* https://no-color.org: set and not empty. */
static bool wants_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(stream)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

static unsigned terminal_columns(FILE *stream)
{
    const char *said = getenv("COLUMNS");
    struct winsize size;
    unsigned long columns = said ? strtoul(said, NULL, 10) : 0;

    if (columns == 0 && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns == 0)
        return COLUMNS_FALLBACK;
    return columns > COLUMNS_MAX ? COLUMNS_MAX : (unsigned)columns;
}

void output_init(struct output *output, FILE *out, FILE *err, int64_t now_ms)
{
    *output = (struct output){
        .out = out,
        .err = err,
        .out_colour = wants_colour(out),
        .err_colour = wants_colour(err),
        .err_terminal = isatty(fileno(err)) == 1,
        .columns = terminal_columns(err),
        .now_ms = now_ms,
    };
}

const char *output_style(bool colour, enum output_style style)
{
    return colour ? escapes[style] : "";
}

static void fail_json(const struct output *output, int status, const char *hint,
                      const json_t *problem, const char *message)
{
    json_auto_t *document = json_pack("{s:s, s:i}", "error", message, "exit", status);

    if (!document)
        document = json_pack("{s:s, s:i}", "error", "the message is not UTF-8", "exit", status);
    if (hint)
        (void)json_object_set_new(document, "hint", json_string(hint));
    if (problem)
        (void)json_object_set_new(document, "problem", json_deep_copy(problem));
    (void)json_dumpf(document, output->err, JSON_COMPACT);
    (void)fputc('\n', output->err);
}

static int fail_va(struct output *output, int status, const char *hint, const json_t *problem,
                   const char *format, va_list args) PRINTF_LIKE(5, 0);

static int fail_va(struct output *output, int status, const char *hint, const json_t *problem,
                   const char *format, va_list args)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *message = printable_text(&arena, arena_vprintf(&arena, format, args));

    (void)fflush(output->out);
    if (output->json) {
        fail_json(output, status, hint, problem, message);
        return status;
    }
    (void)fprintf(output->err, "%smodelferry: %s%s\n", output_style(output->err_colour, OUTPUT_BAD),
                  message, output_style(output->err_colour, OUTPUT_PLAIN));
    if (hint)
        (void)fprintf(output->err, "  %s\n", printable_text(&arena, hint));
    return status;
}

int output_fail(struct output *output, int status, const char *hint, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fail_va(output, status, hint, NULL, format, args);
    va_end(args);
    return status;
}

int output_fail_problem(struct output *output, int status, const char *hint, const json_t *problem,
                        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fail_va(output, status, hint, problem, format, args);
    va_end(args);
    return status;
}

void output_note(const struct output *output, const char *format, ...)
{
    CLEANUP(arena_release) struct arena arena = {0};
    va_list args;

    if (output->json || output->quiet)
        return;
    va_start(args, format);
    (void)fprintf(output->err, "%s\n", printable_text(&arena, arena_vprintf(&arena, format, args)));
    va_end(args);
}

void output_warn(const struct output *output, const char *format, ...)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *message;
    va_list args;

    va_start(args, format);
    message = printable_text(&arena, arena_vprintf(&arena, format, args));
    va_end(args);
    if (output->json) {
        json_auto_t *document = json_pack("{s:s}", "warning", message);

        (void)json_dumpf(document, output->err, JSON_COMPACT);
        (void)fputc('\n', output->err);
        return;
    }
    (void)fprintf(output->err, "%swarning: %s%s\n", output_style(output->err_colour, OUTPUT_WARN),
                  message, output_style(output->err_colour, OUTPUT_PLAIN));
}

void output_line(const struct output *output, const char *format, ...)
{
    CLEANUP(arena_release) struct arena arena = {0};
    va_list args;

    if (output->json)
        return;
    va_start(args, format);
    (void)fprintf(output->out, "%s\n", printable_text(&arena, arena_vprintf(&arena, format, args)));
    va_end(args);
}

void output_json(const struct output *output, const json_t *document)
{
    if (!output->json)
        return;
    (void)json_dumpf(document, output->out, JSON_INDENT(2) | JSON_ENCODE_ANY);
    (void)fputc('\n', output->out);
}
