/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tflite_tensor.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Slots of the schema's tables. */
enum {
    TENSOR_SHAPE = 0,
    TENSOR_TYPE = 1,
    TENSOR_BUFFER = 2,
    TENSOR_NAME = 3,
    TENSOR_QUANTIZATION = 4,
    TENSOR_SPARSITY = 6,
    TENSOR_SHAPE_SIGNATURE = 7,
    QUANTIZATION_SCALE = 2,
    QUANTIZATION_ZERO_POINT = 3,
    BUFFER_DATA = 0,
    BUFFER_OFFSET = 1,
    BUFFER_SIZE = 2,
};

/* By TensorType; resources (13) and variants (14) are no numbers. */
static const int dtypes[] = {
    DTYPE_FLOAT32,
    DTYPE_FLOAT16,
    DTYPE_INT32,
    DTYPE_UINT8,
    DTYPE_INT64,
    DTYPE_STRING,
    DTYPE_BOOL,
    DTYPE_INT16,
    DTYPE_COMPLEX64,
    DTYPE_INT8,
    DTYPE_FLOAT64,
    DTYPE_COMPLEX128,
    DTYPE_UINT64,
    -1,
    -1,
    DTYPE_UINT32,
    DTYPE_UINT16,
    DTYPE_INT4,
    DTYPE_BFLOAT16,
};

static const struct dtype *find_dtype(uint64_t code)
{
    if (code >= ARRAY_LEN(dtypes) || dtypes[code] < 0)
        return NULL;
    return dtype_get((enum dtype_id)dtypes[code]);
}

static const char *type_name(struct info_draft *draft, uint64_t code)
{
    const struct dtype *dtype = find_dtype(code);

    return dtype ? dtype->name : arena_printf(draft->arena, "type %u", (unsigned)code);
}

int tflite_tensor_text(struct info_draft *draft, const struct flat_table *table, unsigned slot,
                       const char **ret_text)
{
    struct flat_vector vector;
    int r;

    r = flat_vector(table, slot, 1, &vector);
    if (r)
        return r;
    *ret_text = "";
    return vector.count ? info_name(draft, table->view, vector.at, vector.count, ret_text) : 0;
}

/* ---- constant tensors --------------------------------------------------------------------- */

/* How many bytes a buffer has; 0: it is none. */
static int buffer_bytes(const struct flat_table *buffer, uint64_t *ret_bytes)
{
    struct view *view = buffer->view;
    struct flat_vector data;
    uint64_t offset = 0;
    uint64_t size = 0;
    int r;

    r = flat_vector(buffer, BUFFER_DATA, 1, &data);
    if (!r)
        r = flat_number(buffer, BUFFER_OFFSET, 8, &offset);
    if (!r)
        r = flat_number(buffer, BUFFER_SIZE, 8, &size);
    if (r)
        return r;
    if (offset > 1) { /* outside the FlatBuffer: models beyond 2 GiB */
        r = view_has(view, offset, size, "a buffer");
        *ret_bytes = size;
        return r;
    }
    *ret_bytes = data.count;
    return 0;
}

int tflite_tensor_check_buffers(const struct flat_vector *buffers)
{
    struct flat_table buffer;
    uint64_t bytes;
    int r = 0;

    for (uint32_t i = 0; i < buffers->count && !r; i++) {
        r = flat_element_table(buffers, i, &buffer);
        if (!r)
            r = buffer_bytes(&buffer, &bytes);
    }
    return r;
}

static int count_elements(const struct flat_table *tensor, uint64_t *ret_elements)
{
    struct flat_vector shape;
    uint64_t elements = 1;
    int r;

    r = flat_vector(tensor, TENSOR_SHAPE, 4, &shape);
    for (uint32_t i = 0; !r && i < shape.count; i++) {
        uint64_t dim;

        r = flat_element(&shape, i, &dim);
        if (!r && (dim > INT32_MAX || __builtin_mul_overflow(elements, dim, &elements)))
            r = fault_set(tensor->view->fault, FAULT_E_DAMAGED, tensor->at,
                          "the tensor at byte %" PRIu64 " has dimensions that no memory holds",
                          tensor->at);
    }
    if (!r)
        *ret_elements = elements;
    return r;
}

static int check_length(const struct flat_table *tensor, const struct dtype *dtype,
                        uint64_t elements, uint64_t bytes)
{
    struct flat_table sparsity;
    uint64_t bits;
    int r;

    r = flat_inner(tensor, TENSOR_SPARSITY, &sparsity);
    if (r || sparsity.at || !dtype || dtype->bits == 0)
        return r;
    if (!__builtin_mul_overflow(elements, dtype->bits, &bits) && bits / 8 + (bits % 8 > 0) == bytes)
        return 0;
    return fault_set(tensor->view->fault, FAULT_E_DAMAGED, tensor->at,
                     "the tensor at byte %" PRIu64 " has %" PRIu64 " elements of %s, but %" PRIu64
                     " bytes of data",
                     tensor->at, elements, dtype->name, bytes);
}

int tflite_tensor_check(struct info_draft *draft, const struct flat_table *tensor,
                        const struct flat_vector *buffers)
{
    struct view *view = tensor->view;
    struct flat_table buffer;
    uint64_t elements;
    uint64_t index = 0;
    uint64_t bytes = 0;
    uint64_t type = 0;
    int r;

    r = flat_number(tensor, TENSOR_TYPE, 1, &type);
    if (!r)
        r = flat_number(tensor, TENSOR_BUFFER, 4, &index);
    if (r || index == 0)
        return r;
    if (index >= buffers->count)
        return fault_set(view->fault, FAULT_E_DAMAGED, tensor->at,
                         "the tensor at byte %" PRIu64 " is in buffer %" PRIu64
                         ", but there are %" PRIu32,
                         tensor->at, index, buffers->count);
    r = flat_element_table(buffers, (uint32_t)index, &buffer);
    if (!r)
        r = buffer_bytes(&buffer, &bytes);
    if (!r)
        r = count_elements(tensor, &elements);
    if (r || bytes == 0)
        return r;
    r = check_length(tensor, find_dtype(type), elements, bytes);
    return r ? r : info_add_weights(draft, view, tensor->at, type_name(draft, type), elements);
}

/* ---- inputs and outputs ------------------------------------------------------------------- */

static int read_shape(struct info_draft *draft, const struct flat_table *tensor,
                      struct info_tensor *ret_tensor)
{
    struct flat_vector signature;
    struct flat_vector shape;
    int r;

    r = flat_vector(tensor, TENSOR_SHAPE, 4, &shape);
    if (!r)
        r = flat_vector(tensor, TENSOR_SHAPE_SIGNATURE, 4, &signature);
    if (r)
        return r;
    if (signature.count > 0) /* the shape with -1 for what is not fixed */
        shape = signature;
    ret_tensor->ranked = true;
    for (uint32_t i = 0; i < shape.count; i++) {
        struct info_dim dim;
        uint64_t size;

        r = flat_element(&shape, i, &size);
        if (r)
            return r;
        dim = (struct info_dim){.size = (int32_t)size < 0 ? INFO_UNKNOWN_SIZE : (int32_t)size};
        r = info_add_dim(draft, tensor->view, ret_tensor, tensor->at, dim);
        if (r)
            return r;
    }
    return 0;
}

/* Inputs and outputs are quantised as a whole: one scale, one zero point. */
static int read_quantization(struct info_draft *draft, const struct flat_table *tensor,
                             struct info_tensor *ret_tensor)
{
    struct flat_table quantization;
    struct flat_vector zero_points;
    struct flat_vector scales = {0};
    uint64_t zero_point = 0;
    uint64_t bits;
    uint32_t low;
    float scale;
    int r;

    r = flat_inner(tensor, TENSOR_QUANTIZATION, &quantization);
    if (!r)
        r = flat_vector(&quantization, QUANTIZATION_SCALE, 4, &scales);
    if (!r)
        r = flat_vector(&quantization, QUANTIZATION_ZERO_POINT, 8, &zero_points);
    if (r || scales.count != 1)
        return r;
    r = flat_element(&scales, 0, &bits);
    if (!r && zero_points.count > 0)
        r = flat_element(&zero_points, 0, &zero_point);
    if (r)
        return r;
    low = (uint32_t)bits;
    memcpy(&scale, &low, sizeof(scale));
    if (!isfinite(scale)) {
        info_warn(draft, "the scale of tensor '%.128s' is no number", ret_tensor->name);
        return 0;
    }
    ret_tensor->quantised = true;
    ret_tensor->scale = (double)scale;
    ret_tensor->zero_point = (int64_t)zero_point;
    return 0;
}

int tflite_tensor_describe(struct info_draft *draft, const struct flat_table *tensor,
                           struct info_tensor *ret_tensor)
{
    uint64_t type = 0;
    int r;

    r = flat_number(tensor, TENSOR_TYPE, 1, &type);
    if (!r)
        r = tflite_tensor_text(draft, tensor, TENSOR_NAME, &ret_tensor->name);
    if (!r)
        r = read_shape(draft, tensor, ret_tensor);
    if (!r)
        r = read_quantization(draft, tensor, ret_tensor);
    if (r)
        return r;
    ret_tensor->type = type_name(draft, type);
    return 0;
}
