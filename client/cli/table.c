/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include "cli/printable.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

const struct table_column table_sheet_columns[2] = {
    {"", false},
    {"", false}
};

struct table_row *table_add(struct table *table)
{
    struct table_row *row = arena_alloc(&table->arena, sizeof(*row));

    assert(table->count <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < table->count; i++)
        row->cells[i] = "-";
    if (table->last)
        table->last->next = row;
    else
        table->first = row;
    table->last = row;
    table->rows++;
    return row;
}

void table_set(struct table *table, struct table_row *row, size_t column, const char *text,
               enum output_style style)
{
    assert(column < table->count);
    row->cells[column] = text && *text ? printable_text(&table->arena, text) : "-";
    row->styles[column] = style;
}

void table_setf(struct table *table, struct table_row *row, size_t column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    table_set(table, row, column, arena_vprintf(&table->arena, format, args), OUTPUT_PLAIN);
    va_end(args);
}

static void measure(const struct table *table, bool titles, size_t ret_widths[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < table->count; i++)
        ret_widths[i] = titles ? printable_columns(table->columns[i].title) : 0;
    for (const struct table_row *row = table->first; row; row = row->next) {
        for (size_t i = 0; i < table->count; i++) {
            size_t columns = printable_columns(row->cells[i]);

            if (columns > ret_widths[i])
                ret_widths[i] = columns;
        }
    }
}

static void pad(FILE *out, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        (void)fputc(' ', out);
}

static void print_cell(const struct output *output, const char *text, enum output_style style,
                       size_t padding, bool right)
{
    bool styled = output->out_colour && style != OUTPUT_PLAIN;

    if (right)
        pad(output->out, padding);
    (void)fprintf(output->out, "%s%s%s", output_style(styled, style), text,
                  output_style(styled, OUTPUT_PLAIN));
    if (!right)
        pad(output->out, padding);
}

static void print_row(const struct table *table, const struct output *output,
                      const struct table_row *row, const size_t *widths)
{
    for (size_t i = 0; i < table->count; i++) {
        bool right = table->columns[i].right;
        size_t padding = widths[i] - printable_columns(row->cells[i]);

        if (i + 1 == table->count && !right)
            padding = 0;
        print_cell(output, row->cells[i], row->styles[i], padding, right);
        (void)fputs(i + 1 == table->count ? "\n" : "  ", output->out);
    }
}

void table_print(const struct table *table, const struct output *output)
{
    struct table_row titles = {0};
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    if (output->json)
        return;
    for (size_t i = 0; i < table->count; i++) {
        titles.cells[i] = table->columns[i].title;
        titles.styles[i] = OUTPUT_BOLD;
    }
    measure(table, true, widths);
    print_row(table, output, &titles, widths);
    for (const struct table_row *row = table->first; row; row = row->next)
        print_row(table, output, row, widths);
}

void table_print_sheet(const struct table *table, const struct output *output)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    if (output->json)
        return;
    measure(table, false, widths);
    for (const struct table_row *row = table->first; row; row = row->next) {
        print_cell(output, row->cells[0], OUTPUT_DIM, widths[0] - printable_columns(row->cells[0]),
                   false);
        (void)fputs("  ", output->out);
        print_cell(output, row->cells[1], row->styles[1], 0, false);
        (void)fputc('\n', output->out);
    }
}

void table_pair(struct table *table, const char *name, const char *value)
{
    struct table_row *row;

    table->columns = table_sheet_columns;
    table->count = 2;
    row = table_add(table);
    table_set(table, row, 0, name, OUTPUT_PLAIN);
    table_set(table, row, 1, value, OUTPUT_PLAIN);
}

void table_pairf(struct table *table, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    table_pair(table, name, arena_vprintf(&table->arena, format, args));
    va_end(args);
}

void table_release(struct table *table)
{
    if (table)
        arena_release(&table->arena);
}
