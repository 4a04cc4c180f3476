/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_ONNX_ENTRY_H
#define FORMAT_ONNX_ENTRY_H

#include "format/wire.h"

/* ONNX's StringStringEntryProto: metadata, and where external data is. */
struct onnx_entry {
    struct wire_field key; /* number 0: it has none; the last one counts */
    struct wire_field value;
};

int onnx_entry_read(struct wire wire, struct onnx_entry *ret_entry) MUST_CHECK;

#endif
