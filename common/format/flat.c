/* SPDX-License-Identifier: Apache-2.0 */
#include "format/flat.h"

#include <assert.h>
#include <inttypes.h>

static int damaged(struct view *view, uint64_t at, const char *what)
{
    return fault_set(view->fault, FAULT_E_DAMAGED, at, "the %s at byte %" PRIu64 " is broken", what,
                     at);
}

static int open_table(struct view *view, uint64_t at, struct flat_table *ret_table)
{
    struct flat_table table = {.view = view, .at = at};
    uint32_t back;
    int64_t vtable;
    int r;

    r = view_step(view, at);
    if (!r)
        r = view_u32(view, at, "a table", &back);
    if (r)
        return r;
    vtable = (int64_t)at - (int32_t)back;
    if (vtable < 0)
        return damaged(view, at, "table");
    table.vtable = (uint64_t)vtable;
    r = view_u16(view, table.vtable, "a vtable", &table.vtable_bytes);
    if (!r)
        r = view_u16(view, table.vtable + 2, "a vtable", &table.table_bytes);
    if (!r)
        r = view_has(view, table.vtable, table.vtable_bytes, "a vtable");
    if (!r)
        r = view_has(view, at, table.table_bytes, "a table");
    if (r)
        return r;
    if (table.vtable_bytes < 4 || table.vtable_bytes % 2 != 0 || table.table_bytes < 4)
        return damaged(view, at, "table");
    *ret_table = table;
    return 0;
}

/* Where the offset of 32 bits at `at` leads to. */
static int follow(struct view *view, uint64_t at, uint64_t *ret_target)
{
    uint32_t offset;
    int r;

    r = view_u32(view, at, "an offset", &offset);
    if (r)
        return r;
    if (offset == 0)
        return damaged(view, at, "offset");
    *ret_target = at + offset;
    return 0;
}

int flat_root(struct view *view, struct flat_table *ret_table)
{
    uint64_t at = 0;
    int r;

    r = follow(view, 0, &at);
    return r ? r : open_table(view, at, ret_table);
}

/* Where the field of size bytes is; 0: absent. */
static int find(const struct flat_table *table, unsigned slot, unsigned size, uint64_t *ret_at)
{
    uint64_t entry = 4 + 2 * (uint64_t)slot;
    uint16_t offset = 0;
    int r;

    *ret_at = 0;
    if (table->at == 0 || entry + 2 > table->vtable_bytes)
        return 0;
    r = view_u16(table->view, table->vtable + entry, "a vtable", &offset);
    if (r || offset == 0)
        return r;
    if (offset < 4 || offset + size > table->table_bytes)
        return damaged(table->view, table->at, "table");
    *ret_at = table->at + offset;
    return 0;
}

static int number(struct view *view, uint64_t at, unsigned size, uint64_t *ret_value)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    int r;

    assert(size <= sizeof(bytes));
    r = view_read(view, at, bytes, size, "a field");
    if (r)
        return r;
    for (unsigned i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    *ret_value = value;
    return 0;
}

int flat_number(const struct flat_table *table, unsigned slot, unsigned size, uint64_t *ret_value)
{
    uint64_t at;
    int r;

    r = find(table, slot, size, &at);
    if (r || at == 0)
        return r;
    return number(table->view, at, size, ret_value);
}

int flat_inner(const struct flat_table *table, unsigned slot, struct flat_table *ret_table)
{
    uint64_t at;
    int r;

    r = find(table, slot, 4, &at);
    if (!r && at == 0)
        *ret_table = (struct flat_table){.view = table->view};
    if (r || at == 0)
        return r;
    r = follow(table->view, at, &at);
    return r ? r : open_table(table->view, at, ret_table);
}

int flat_vector(const struct flat_table *table, unsigned slot, uint32_t element_bytes,
                struct flat_vector *ret_vector)
{
    struct flat_vector vector = {.view = table->view, .element_bytes = element_bytes};
    uint64_t at;
    int r;

    r = find(table, slot, 4, &at);
    if (!r && at > 0) {
        r = follow(table->view, at, &at);
        if (!r)
            r = view_u32(table->view, at, "a vector", &vector.count);
        if (!r)
            r = view_has(table->view, at + 4, (uint64_t)vector.count * element_bytes, "a vector");
        vector.at = at + 4;
    }
    if (!r)
        *ret_vector = vector;
    return r;
}

int flat_element(const struct flat_vector *vector, uint32_t i, uint64_t *ret_value)
{
    int r;

    assert(i < vector->count);
    r = view_step(vector->view, vector->at);
    if (r)
        return r;
    return number(vector->view, vector->at + (uint64_t)i * vector->element_bytes,
                  vector->element_bytes, ret_value);
}

int flat_element_table(const struct flat_vector *vector, uint32_t i, struct flat_table *ret_table)
{
    uint64_t at = 0;
    int r;

    assert(i < vector->count && vector->element_bytes == 4);
    r = follow(vector->view, vector->at + (uint64_t)i * 4, &at);
    return r ? r : open_table(vector->view, at, ret_table);
}
