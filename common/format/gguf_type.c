/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gguf_type.h"

#include "base/cleanup.h"

#include <stddef.h>

/* Those that were withdrawn (4, 5, 31 to 33, 36 to 38) have no name. */
static const struct gguf_type types[] = {
  /* clang-format off */
    [0] = {"float32", 1, 4, false},
    [1] = {"float16", 1, 2, false},
    [2] = {"Q4_0", 32, 18, true},
    [3] = {"Q4_1", 32, 20, true},
    [6] = {"Q5_0", 32, 22, true},
    [7] = {"Q5_1", 32, 24, true},
    [8] = {"Q8_0", 32, 34, true},
    [9] = {"Q8_1", 32, 36, true},
    [10] = {"Q2_K", 256, 84, true},
    [11] = {"Q3_K", 256, 110, true},
    [12] = {"Q4_K", 256, 144, true},
    [13] = {"Q5_K", 256, 176, true},
    [14] = {"Q6_K", 256, 210, true},
    [15] = {"Q8_K", 256, 292, true},
    [16] = {"IQ2_XXS", 256, 66, true},
    [17] = {"IQ2_XS", 256, 74, true},
    [18] = {"IQ3_XXS", 256, 98, true},
    [19] = {"IQ1_S", 256, 50, true},
    [20] = {"IQ4_NL", 32, 18, true},
    [21] = {"IQ3_S", 256, 110, true},
    [22] = {"IQ2_S", 256, 82, true},
    [23] = {"IQ4_XS", 256, 136, true},
    [24] = {"int8", 1, 1, true},
    [25] = {"int16", 1, 2, false},
    [26] = {"int32", 1, 4, false},
    [27] = {"int64", 1, 8, false},
    [28] = {"float64", 1, 8, false},
    [29] = {"IQ1_M", 256, 56, true},
    [30] = {"bfloat16", 1, 2, false},
    [34] = {"TQ1_0", 256, 54, true},
    [35] = {"TQ2_0", 256, 66, true},
    [39] = {"MXFP4", 32, 17, true},
    [40] = {"NVFP4", 64, 36, true},
  /* clang-format on */
};

static const char *const file_types[] = {
    [0] = "float32",  [1] = "float16",  [2] = "Q4_0",    [3] = "Q4_1",    [7] = "Q8_0",
    [8] = "Q5_0",     [9] = "Q5_1",     [10] = "Q2_K",   [11] = "Q3_K_S", [12] = "Q3_K_M",
    [13] = "Q3_K_L",  [14] = "Q4_K_S",  [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M",
    [18] = "Q6_K",    [19] = "IQ2_XXS", [20] = "IQ2_XS", [21] = "Q2_K_S", [22] = "IQ3_XS",
    [23] = "IQ3_XXS", [24] = "IQ1_S",   [25] = "IQ4_NL", [26] = "IQ3_S",  [27] = "IQ3_M",
    [28] = "IQ2_S",   [29] = "IQ2_M",   [30] = "IQ4_XS", [31] = "IQ1_M",  [32] = "bfloat16",
    [36] = "TQ1_0",   [37] = "TQ2_0",   [38] = "MXFP4",  [39] = "NVFP4",
};

const struct gguf_type *gguf_type_find(uint32_t code)
{
    return code < ARRAY_LEN(types) && types[code].name ? &types[code] : NULL;
}

const char *gguf_type_of_file(uint64_t code)
{
    return code < ARRAY_LEN(file_types) ? file_types[code] : NULL;
}
