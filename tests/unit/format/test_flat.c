/* SPDX-License-Identifier: Apache-2.0 */
#include "format/flat.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

/* A root table with: slot 0 a u32 of 7, slot 2 a vector of two u32. Slot 1 is absent. */
static const uint8_t good[] = {
    16, 0, 0,  0,                         /* 0: root at 16 */
    10, 0, 12, 0, 4, 0, 0, 0, 8, 0,       /* 4: vtable: 10 bytes, table of 12, slots 4, -, 8 */
    0,  0,                                /* 14 */
    12, 0, 0,  0,                         /* 16: vtable at 16 - 12 */
    7,  0, 0,  0,                         /* 20: slot 0 */
    4,  0, 0,  0,                         /* 24: slot 2: vector at 28 */
    2,  0, 0,  0, 5, 0, 0, 0, 6, 0, 0, 0, /* 28 */
};

struct opened {
    uint8_t bytes[sizeof(good)];
    struct view view;
    struct fault fault;
};

static void opened_release(struct opened *opened)
{
    view_release(&opened->view);
}

static void open_with(struct opened *opened, size_t at, uint8_t byte, size_t size)
{
    struct source source;

    memcpy(opened->bytes, good, sizeof(good));
    if (at < sizeof(good))
        opened->bytes[at] = byte;
    source = source_memory(opened->bytes, size);
    view_init(&opened->view, &source, NULL, &opened->fault);
}

START_TEST(reads_fields_and_vectors)
{
    CLEANUP(opened_release) struct opened opened = {0};
    struct flat_vector vector;
    struct flat_table table;
    struct flat_table inner;
    uint64_t value = 1;

    open_with(&opened, sizeof(good), 0, sizeof(good));
    ck_assert_int_eq(flat_root(&opened.view, &table), 0);
    ck_assert_int_eq(flat_number(&table, 0, 4, &value), 0);
    ck_assert_uint_eq(value, 7);
    value = 99; /* the default of what is absent */
    ck_assert_int_eq(flat_number(&table, 1, 4, &value), 0);
    ck_assert_int_eq(flat_number(&table, 50, 4, &value), 0);
    ck_assert_uint_eq(value, 99);
    ck_assert_int_eq(flat_inner(&table, 1, &inner), 0);
    ck_assert_int_eq(flat_number(&inner, 0, 4, &value), 0);
    ck_assert_uint_eq(value, 99);
    ck_assert_int_eq(flat_vector(&table, 2, 4, &vector), 0);
    ck_assert_uint_eq(vector.count, 2);
    ck_assert_int_eq(flat_element(&vector, 1, &value), 0);
    ck_assert_uint_eq(value, 6);
}
END_TEST

/* Everything there is to read; the first outcome that is not 0. */
static int read_everything(struct opened *opened)
{
    struct flat_vector vector;
    struct flat_table table;
    uint64_t value;
    int r;

    r = flat_root(&opened->view, &table);
    if (!r)
        r = flat_number(&table, 0, 4, &value);
    if (!r)
        r = flat_vector(&table, 2, 4, &vector);
    for (uint32_t i = 0; !r && i < vector.count; i++)
        r = flat_element(&vector, i, &value);
    return r;
}

START_TEST(refuses_offsets_that_lead_astray)
{
    static const struct {
        size_t at;
        uint8_t byte;
        int result;
    } rows[] = {
        {0,  0,    FAULT_E_DAMAGED  },
        {3,  0x80, FAULT_E_TRUNCATED},
        {4,  2,    FAULT_E_DAMAGED  },
        {4,  9,    FAULT_E_DAMAGED  },
        {5,  0xff, FAULT_E_TRUNCATED},
        {6,  3,    FAULT_E_DAMAGED  },
        {7,  0xff, FAULT_E_TRUNCATED},
        {8,  3,    FAULT_E_DAMAGED  },
        {8,  9,    FAULT_E_DAMAGED  },
        {12, 11,   FAULT_E_DAMAGED  },
        {16, 0xff, FAULT_E_DAMAGED  },
        {19, 0x80, FAULT_E_TRUNCATED},
        {24, 0,    FAULT_E_DAMAGED  },
        {27, 0xff, FAULT_E_TRUNCATED},
        {28, 3,    FAULT_E_TRUNCATED},
        {31, 0xff, FAULT_E_TRUNCATED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(opened_release) struct opened opened = {0};

        open_with(&opened, rows[i].at, rows[i].byte, sizeof(good));
        ck_assert_msg(read_everything(&opened) == rows[i].result, "row %zu: %s", i,
                      opened.fault.text);
    }
}
END_TEST

START_TEST(refuses_every_cut)
{
    for (size_t size = 0; size < sizeof(good); size++) {
        CLEANUP(opened_release) struct opened opened = {0};

        open_with(&opened, sizeof(good), 0, size);
        ck_assert_int_eq(read_everything(&opened), FAULT_E_TRUNCATED);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/flat", reads_fields_and_vectors, refuses_offsets_that_lead_astray,
                     refuses_every_cut);
}
