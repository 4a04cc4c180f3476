/* SPDX-License-Identifier: Apache-2.0 */

/* Caffe2 nets: the first byte says how many of the others are the net; the rest lies beside it. */

#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format_file beside = {.name = "other.pb"};
    size_t first;

    if (size == 0)
        return 0;
    first = data[0] < size - 1 ? data[0] : size - 1;
    beside.source = source_memory(data + 1 + first, size - 1 - first);
    fuzz_format("caffe2", "net.pb", data + 1, first, &beside);
    return 0;
}
