/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_ONNX_H
#define FORMAT_ONNX_H

#include "format/format.h"

/*
 * ONNX (github.com/onnx/onnx, onnx.proto, IR versions 3 to 13): a ModelProto. It has no magic
 * number, so that whoever identifies one reads it.
 *
 * Inputs are those of the graph less its initializers. Parameters are the elements of all
 * initializers, also of subgraphs. The lengths of raw data are checked against dimensions and type;
 * the tensors that nodes carry as attributes are passed over.
 */
int onnx_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int onnx_read(const struct format_scan *scan) MUST_CHECK;

#endif
