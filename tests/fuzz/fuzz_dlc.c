/* SPDX-License-Identifier: Apache-2.0 */

/* DLC containers, and with them ZIP archives. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format("dlc", "model.dlc", data, size, NULL);
    return 0;
}
