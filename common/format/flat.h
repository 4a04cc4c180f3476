/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_FLAT_H
#define FORMAT_FLAT_H

#include "format/view.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * FlatBuffers (flatbuffers.dev, Internals), read in place. Every offset is checked: against the
 * file, and a field against the table that it is in. A table that is absent is one without fields.
 *
 * Slots are counted from 0, in the order of the schema. Outcomes are those of format/fault.h.
 */
struct flat_table {
    struct view *view;
    uint64_t at;     /* 0: absent */
    uint64_t vtable; /* where the offsets of its fields are */
    uint16_t vtable_bytes;
    uint16_t table_bytes;
};

struct flat_vector {
    struct view *view;
    uint64_t at; /* of the first element; 0: absent */
    uint32_t count;
    uint32_t element_bytes;
};

/* The table that the file starts with. */
int flat_root(struct view *view, struct flat_table *ret_table) MUST_CHECK;

/* A number of size bytes, zero-extended; ret_value keeps its default where the field is absent. */
int flat_number(const struct flat_table *table, unsigned slot, unsigned size,
                uint64_t *ret_value) MUST_CHECK;

int flat_inner(const struct flat_table *table, unsigned slot,
               struct flat_table *ret_table) MUST_CHECK;
int flat_vector(const struct flat_table *table, unsigned slot, uint32_t element_bytes,
                struct flat_vector *ret_vector) MUST_CHECK;

/* Number i of a vector of numbers, which has it. */
int flat_element(const struct flat_vector *vector, uint32_t i, uint64_t *ret_value) MUST_CHECK;

/* Table i of a vector of tables (elements of 4 bytes), which has it. */
int flat_element_table(const struct flat_vector *vector, uint32_t i,
                       struct flat_table *ret_table) MUST_CHECK;

#endif
