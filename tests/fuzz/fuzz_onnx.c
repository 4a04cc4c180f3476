/* SPDX-License-Identifier: Apache-2.0 */

/* ONNX models. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("onnx", "model.onnx", data, size, NULL);
    return 0;
}
