/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_TFLITE_H
#define FORMAT_TFLITE_H

#include "format/format.h"

/*
 * TensorFlow Lite, LiteRT (tensorflow/lite/schema/schema.fbs, version 3 to 3c): a FlatBuffer with
 * the identifier TFL3.
 *
 * Inputs and outputs are those of the first subgraph, which runtimes run; the names that its
 * signature gives them are aliases. All indexes of all operators are checked, and the lengths of
 * constant tensors against shape and type. Parameters are the elements of constant tensors.
 */
int tflite_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int tflite_read(const struct format_scan *scan) MUST_CHECK;

#endif
