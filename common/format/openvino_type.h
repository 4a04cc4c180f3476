/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_OPENVINO_TYPE_H
#define FORMAT_OPENVINO_TYPE_H

#include "format/info.h"

/* "f32" or "FP32" as our type; NULL where it is none that we know. */
const struct dtype *openvino_type_find(const char *text);

/* "1,3,?,224", "1..8,-1": fills the shape; "..." is any rank. */
int openvino_type_shape(struct info_draft *draft, struct view *view, const char *text,
                        struct info_tensor *tensor) MUST_CHECK;

/* The elements of "64,3,3,3"; false where a dimension is not fixed, or the product overflows. */
bool openvino_type_elements(const char *text, uint64_t *ret_elements);

/* The first of "a,b": names of a port, in which "\," is a comma of a name. */
int openvino_type_first_name(struct info_draft *draft, struct view *view, const char *names,
                             const char **ret_name) MUST_CHECK;

#endif
