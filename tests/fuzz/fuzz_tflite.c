/* SPDX-License-Identifier: Apache-2.0 */

/* TensorFlow Lite models. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("tflite", "model.tflite", data, size, NULL);
    return 0;
}
