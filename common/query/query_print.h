/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_QUERY_PRINT_H
#define QUERY_QUERY_PRINT_H

#include "base/buffer.h"
#include "query/query.h"

/*
 * The canonical text of a query: what is the same query reads the same, and parsing it again gives
 * the same tree. node may be NULL: then nothing is printed.
 */
void query_print(const struct query_node *node, struct buffer *buffer);

/* "metrics.accuracy desc"; nothing where it is by age. */
void query_print_order(const struct query_order *order, struct buffer *buffer);

#endif
