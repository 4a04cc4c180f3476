/* SPDX-License-Identifier: Apache-2.0 */

/* GGUF models. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("gguf", "model.gguf", data, size, NULL);
    return 0;
}
