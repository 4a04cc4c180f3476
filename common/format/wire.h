/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_WIRE_H
#define FORMAT_WIRE_H

#include "format/view.h"

#include <stdint.h>

/*
 * The wire format of Protocol Buffers (protobuf.dev, Encoding), one message at a time and without
 * its schema: the caller says which fields it knows and what they are. Payloads are passed over,
 * not read.
 *
 *     struct wire wire = wire_all(&view);
 *     struct wire_field field;
 *
 *     for (;;) {
 *         r = wire_next(&wire, &field);
 *         if (r || field.number == 0)
 *             return r;
 *         ...
 *     }
 *
 * Outcomes are those of format/fault.h.
 */
enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2, /* text, bytes, a message, or packed numbers */
    WIRE_FIXED32 = 5,
};

struct wire {
    struct view *view;
    uint64_t at;  /* the next field */
    uint64_t end; /* of the message */
};

struct wire_field {
    uint32_t number; /* 0: the message has ended */
    enum wire_type type;
    uint64_t at;    /* of the field's tag */
    uint64_t value; /* of a number */
    uint64_t start; /* of the payload, if WIRE_BYTES */
    uint64_t size;
};

/* The whole file as a message. */
struct wire wire_all(struct view *view);

/* The payload of a field as a message. */
struct wire wire_inside(const struct wire *outer, const struct wire_field *field);

/* The next field. Groups, which nobody writes any more, and bad tags are FAULT_E_DAMAGED. */
int wire_next(struct wire *wire, struct wire_field *ret_field) MUST_CHECK;

/* FAULT_E_DAMAGED where the field is of another type. `what` names it: "a node". */
int wire_expect(const struct wire *wire, const struct wire_field *field, enum wire_type type,
                const char *what) MUST_CHECK;

/* The number at *offset, of a packed field that ends at `end`; moves *offset behind it. */
int wire_varint(struct view *view, uint64_t end, uint64_t *offset, uint64_t *ret_value) MUST_CHECK;

#endif
