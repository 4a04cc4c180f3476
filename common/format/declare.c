/* SPDX-License-Identifier: Apache-2.0 */
#include "format/declare.h"

#include <jansson.h>

static struct signature_tensor *take_tensors(const struct info_tensors *tensors, bool symbols,
                                             struct arena *arena)
{
    struct signature_tensor *taken = arena_array(arena, tensors->count, sizeof(*taken));

    for (size_t i = 0; i < tensors->count; i++) {
        const struct info_tensor *tensor = &tensors->items[i];

        taken[i] = (struct signature_tensor){
            .name = tensor->alias ? tensor->alias : tensor->name,
            .type = tensor->type,
            .ranked = tensor->ranked,
            .dims = arena_array(arena, tensor->rank, sizeof(*taken[i].dims)),
            .rank = tensor->rank,
        };
        for (size_t j = 0; j < tensor->rank; j++) {
            const struct info_dim *dim = &tensor->dims[j];

            taken[i].dims[j] = (struct signature_dim){
                .size = dim->size == INFO_UNKNOWN_SIZE ? SIGNATURE_UNKNOWN_SIZE : dim->size,
                .symbol = symbols ? dim->symbol : NULL,
            };
        }
    }
    return taken;
}

/* What a manifest can say is what its decoder takes. */
static bool take(const struct format_info *info, bool symbols, struct arena *arena,
                 struct signature *ret_signature)
{
    const struct signature signature = {
        .inputs = take_tensors(&info->inputs, symbols, arena),
        .input_count = info->inputs.count,
        .outputs = take_tensors(&info->outputs, symbols, arena),
        .output_count = info->outputs.count,
    };
    json_auto_t *value = signature_encode(&signature);
    struct fields_error error = {0};

    return value && signature_decode(value, "", arena, ret_signature, &error) == 0;
}

bool declare_signature(const struct format_info *info, struct arena *arena,
                       struct signature *ret_signature)
{
    return info->has_signature &&
           (take(info, true, arena, ret_signature) || take(info, false, arena, ret_signature));
}

bool declare_equal(const struct signature *a, const struct signature *b)
{
    json_auto_t *left = signature_encode(a);
    json_auto_t *right = signature_encode(b);

    return json_equal(left, right);
}
