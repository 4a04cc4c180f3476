/* SPDX-License-Identifier: Apache-2.0 */
#include "format/wire.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

struct row {
    const char *bytes;
    size_t size;
    int result;
    const char *words;
};

#define ROW(text, ...)                                                                             \
    {                                                                                              \
        text, sizeof(text) - 1, __VA_ARGS__                                                        \
    }

/* Reads all fields; the outcome of the first that fails. */
static int read_all(const void *bytes, size_t size, struct fault *fault, struct wire_field *last)
{
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(bytes, size);
    struct wire_field field;
    struct wire wire;
    int r;

    view_init(&view, &source, NULL, fault);
    wire = wire_all(&view);
    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        *last = field;
    }
}

START_TEST(reads_every_type)
{
    struct wire_field field;
    struct fault fault;

    ck_assert_int_eq(read_all("\x08\x96\x01", 3, &fault, &field), 0);
    ck_assert_uint_eq(field.number, 1);
    ck_assert_uint_eq(field.value, 150);
    ck_assert_int_eq(read_all("\x12\x03xyz", 5, &fault, &field), 0);
    ck_assert_uint_eq(field.number, 2);
    ck_assert_uint_eq(field.start, 2);
    ck_assert_uint_eq(field.size, 3);
    ck_assert_int_eq(read_all("\x1d\x01\x00\x00\x80", 5, &fault, &field), 0);
    ck_assert_uint_eq(field.value, 0x80000001);
    ck_assert_int_eq(read_all("\x21\x01\0\0\0\0\0\0\x80", 9, &fault, &field), 0);
    ck_assert(field.value == UINT64_C(0x8000000000000001));
    ck_assert_int_eq(read_all("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &fault, &field),
                     0);
    ck_assert(field.value == UINT64_MAX);
}
END_TEST

START_TEST(refuses_what_is_no_message)
{
    static const struct row rows[] = {
        ROW("\x08", FAULT_E_TRUNCATED, "in the middle of a field"),
        ROW("\x08\x96", FAULT_E_TRUNCATED, "in the middle of a field"),
        ROW("\x12\x04xyz", FAULT_E_TRUNCATED, "should have 4 bytes"),
        ROW("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", FAULT_E_TRUNCATED, "should have"),
        ROW("\x1d\x01\x00", FAULT_E_TRUNCATED, "in the middle"),
        ROW("\x21\x01\x00", FAULT_E_TRUNCATED, "in the middle"),
        ROW("\x00\x01", FAULT_E_DAMAGED, "there is no field"),
        ROW("\x0b\x0c", FAULT_E_DAMAGED, "has the type 3"),
        ROW("\x0e\x0c", FAULT_E_DAMAGED, "has the type 6"),
        ROW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", FAULT_E_DAMAGED, "64 bits"),
        ROW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", FAULT_E_DAMAGED, "64 bits"),
        ROW("\xff\xff\xff\xff\xff\x0f\x01", FAULT_E_DAMAGED, "there is no field"),
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault fault = {0};
        struct wire_field field;

        ck_assert_msg(read_all(rows[i].bytes, rows[i].size, &fault, &field) == rows[i].result,
                      "row %zu: %s", i, fault.text);
        ck_assert_msg(strstr(fault.text, rows[i].words), "row %zu: %s", i, fault.text);
    }
}
END_TEST

START_TEST(keeps_messages_inside_each_other)
{
    /* a message of 3 bytes, whose field claims 4 of the 9 that the file still has */
    static const char bytes[] = "\x12\x03\x0a\x04x123456";
    CLEANUP(view_release) struct view view = {0};
    struct source source = source_memory(bytes, sizeof(bytes) - 1);
    struct wire_field field;
    struct wire inside;
    struct fault fault;
    struct wire wire;

    view_init(&view, &source, NULL, &fault);
    wire = wire_all(&view);
    ck_assert_int_eq(wire_next(&wire, &field), 0);
    inside = wire_inside(&wire, &field);
    ck_assert_int_eq(wire_next(&inside, &field), FAULT_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(fault.text, "longer than the message around it"));
    ck_assert_int_eq(wire_expect(&wire, &field, WIRE_VARINT, "a number"), 0 + FAULT_E_DAMAGED);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/wire", reads_every_type, refuses_what_is_no_message,
                     keeps_messages_inside_each_other);
}
