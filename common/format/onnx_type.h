/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_ONNX_TYPE_H
#define FORMAT_ONNX_TYPE_H

#include "format/info.h"
#include "format/wire.h"

/* TensorProto.DataType as our type; NULL where it is none that we know. */
const struct dtype *onnx_type_find(uint64_t code);

/* Its name; "type 99" in the draft's arena where it is none that we know. */
const char *onnx_type_name(struct info_draft *draft, uint64_t code);

/* Fills name, type and shape from a ValueInfoProto. */
int onnx_type_value_info(struct info_draft *draft, struct wire value_info,
                         struct info_tensor *tensor) MUST_CHECK;

#endif
