/* SPDX-License-Identifier: Apache-2.0 */

/* OpenVINO nets, and with them XML. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("openvino", "model.xml", data, size, NULL);
    return 0;
}
