/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_ONNX_TENSOR_H
#define FORMAT_ONNX_TENSOR_H

#include "format/info.h"
#include "format/wire.h"

/* Where a tensor's name stands; size 0: it has none. */
struct onnx_tensor_name {
    uint64_t start;
    uint64_t size;
};

/*
 * Reads a TensorProto that is an initializer: adds its weights, and the file that its data is in
 * where that is another. Refuses one whose data is not as long as dimensions and type say.
 */
int onnx_tensor_read(struct info_draft *draft, struct wire wire,
                     struct onnx_tensor_name *ret_name) MUST_CHECK;

#endif
