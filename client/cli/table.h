/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/arena.h"
#include "cli/output.h"

#include <stddef.h>

/*
 * Rows of text in aligned columns, and sheets of "name  value" lines. Cells are copied and made
 * printable; NULL and "" show as "-".
 */
struct table_column {
    const char *title;
    bool right; /* numbers */
};

#define TABLE_COLUMNS_MAX 12

struct table_row {
    struct table_row *next;
    const char *cells[TABLE_COLUMNS_MAX];
    enum output_style styles[TABLE_COLUMNS_MAX];
};

/* The caller's storage; zeroed but for the columns. */
struct table {
    const struct table_column *columns;
    size_t count; /* of columns */
    struct arena arena;
    struct table_row *first;
    struct table_row *last;
    size_t rows;
};

/* A new row of "-"; it lives in the table. */
struct table_row *table_add(struct table *table);

/* style shows on a terminal only. */
void table_set(struct table *table, struct table_row *row, size_t column, const char *text,
               enum output_style style);
void table_setf(struct table *table, struct table_row *row, size_t column, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Titles in bold, then the rows; the last column is not padded. Nothing with --json. */
void table_print(const struct table *table, const struct output *output);

/* "name:   value" lines, values aligned; the first column of the table is the name. */
void table_print_sheet(const struct table *table, const struct output *output);

/* A row of a sheet: a table of two columns. */
void table_pair(struct table *table, const char *name, const char *value);
void table_pairf(struct table *table, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

/* The columns of a sheet. */
extern const struct table_column table_sheet_columns[2];

/* Accepts NULL and a zeroed struct. */
void table_release(struct table *table);

#endif
