/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_TFLITE_TENSOR_H
#define FORMAT_TFLITE_TENSOR_H

#include "format/flat.h"
#include "format/info.h"

/* Checks the tensor against the model's buffers, and adds its weights if it is constant. */
int tflite_tensor_check(struct info_draft *draft, const struct flat_table *tensor,
                        const struct flat_vector *buffers) MUST_CHECK;

/* Checks that the bytes of every buffer are there, whoever refers to them. */
int tflite_tensor_check_buffers(const struct flat_vector *buffers) MUST_CHECK;

/* Fills name, type, shape and quantisation of an input or output. */
int tflite_tensor_describe(struct info_draft *draft, const struct flat_table *tensor,
                           struct info_tensor *ret_tensor) MUST_CHECK;

/* The text in a slot; "" where there is none. */
int tflite_tensor_text(struct info_draft *draft, const struct flat_table *table, unsigned slot,
                       const char **ret_text) MUST_CHECK;

#endif
