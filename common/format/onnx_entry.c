/* SPDX-License-Identifier: Apache-2.0 */
#include "format/onnx_entry.h"

int onnx_entry_read(struct wire wire, struct onnx_entry *ret_entry)
{
    struct onnx_entry entry = {0};
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r)
            return r;
        if (field.number == 0)
            break;
        if (field.number != 1 && field.number != 2)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a text");
        if (r)
            return r;
        *(field.number == 1 ? &entry.key : &entry.value) = field;
    }
    *ret_entry = entry;
    return 0;
}
