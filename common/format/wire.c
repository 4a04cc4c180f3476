/* SPDX-License-Identifier: Apache-2.0 */
#include "format/wire.h"

#include <inttypes.h>

#define FIELD_NUMBER_MAX ((UINT64_C(1) << 29) - 1)

struct wire wire_all(struct view *view)
{
    return (struct wire){.view = view, .at = 0, .end = view->source.size};
}

struct wire wire_inside(const struct wire *outer, const struct wire_field *field)
{
    return (struct wire){outer->view, field->start, field->start + field->size};
}

/* What there is to say where a message should go on and does not. */
static int cut_off(struct view *view, uint64_t at, uint64_t end)
{
    if (end == view->source.size)
        return fault_set(view->fault, FAULT_E_TRUNCATED, end,
                         "the file ends at byte %" PRIu64 ", in the middle of a field", end);
    return fault_set(view->fault, FAULT_E_DAMAGED, at,
                     "the field at byte %" PRIu64 " is longer than the message around it", at);
}

int wire_varint(struct view *view, uint64_t end, uint64_t *offset, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 10; i++) {
        uint64_t at = *offset + i;
        uint8_t byte;
        int r;

        if (at >= end)
            return cut_off(view, *offset, end);
        r = view_u8(view, at, "a number", &byte);
        if (r)
            return r;
        if (i == 9 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            *offset = at + 1;
            *ret_value = value;
            return 0;
        }
    }
    return fault_set(view->fault, FAULT_E_DAMAGED, *offset,
                     "the number at byte %" PRIu64 " has more than 64 bits", *offset);
}

static int read_fixed(struct wire *wire, struct wire_field *field)
{
    struct view *view = wire->view;
    uint64_t size = field->type == WIRE_FIXED64 ? 8 : 4;
    uint32_t half = 0;
    int r;

    if (size > wire->end - wire->at)
        return cut_off(view, field->at, wire->end);
    if (field->type == WIRE_FIXED64) {
        r = view_u64(view, wire->at, "a number", &field->value);
    } else {
        r = view_u32(view, wire->at, "a number", &half);
        field->value = half;
    }
    wire->at += size;
    return r;
}

static int read_bytes(struct wire *wire, struct wire_field *field)
{
    struct view *view = wire->view;
    int r;

    r = wire_varint(view, wire->end, &wire->at, &field->size);
    if (r)
        return r;
    field->start = wire->at;
    if (field->size > view->source.size - field->start)
        return fault_set(view->fault, FAULT_E_TRUNCATED, view->source.size,
                         "the field at byte %" PRIu64 " should have %" PRIu64
                         " bytes, but the file ends at byte %" PRIu64,
                         field->at, field->size, view->source.size);
    if (field->size > wire->end - field->start)
        return cut_off(view, field->at, wire->end);
    wire->at += field->size;
    return 0;
}

int wire_next(struct wire *wire, struct wire_field *ret_field)
{
    struct wire_field field = {.at = wire->at};
    struct view *view = wire->view;
    uint64_t tag;
    int r;

    if (wire->at == wire->end) {
        *ret_field = field;
        return 0;
    }
    r = view_step(view, wire->at);
    if (!r)
        r = wire_varint(view, wire->end, &wire->at, &tag);
    if (r)
        return r;
    if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
        return fault_set(view->fault, FAULT_E_DAMAGED, field.at,
                         "there is no field at byte %" PRIu64, field.at);
    field.number = (uint32_t)(tag >> 3);
    field.type = (enum wire_type)(tag & 7);
    switch (field.type) {
    case WIRE_VARINT:
        r = wire_varint(view, wire->end, &wire->at, &field.value);
        break;
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        r = read_fixed(wire, &field);
        break;
    case WIRE_BYTES:
        r = read_bytes(wire, &field);
        break;
    default:
        return fault_set(view->fault, FAULT_E_DAMAGED, field.at,
                         "the field at byte %" PRIu64 " has the type %u, which none has", field.at,
                         (unsigned)field.type);
    }
    if (r)
        return r;
    *ret_field = field;
    return 0;
}

int wire_expect(const struct wire *wire, const struct wire_field *field, enum wire_type type,
                const char *what)
{
    if (field->type == type)
        return 0;
    return fault_set(wire->view->fault, FAULT_E_DAMAGED, field->at,
                     "the field at byte %" PRIu64 " should be %s, but is of another type",
                     field->at, what);
}
