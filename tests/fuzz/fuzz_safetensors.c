/* SPDX-License-Identifier: Apache-2.0 */

/* safetensors files, and with them the scanner of JSON. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("safetensors", "model.safetensors", data, size, NULL);
    return 0;
}
