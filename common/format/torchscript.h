/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_TORCHSCRIPT_H
#define FORMAT_TORCHSCRIPT_H

#include "format/format.h"

/*
 * TorchScript (pytorch: torch/csrc/jit/docs/serialization.md): a ZIP archive of code, pickled
 * attributes and the bytes of tensors. What is pickled is a program, so that nothing of it is ever
 * unpickled, and neither parameters nor inputs are known. A checkpoint of torch.save(), which has
 * no code, is another format.
 */
int torchscript_read(const struct format_scan *scan) MUST_CHECK;

#endif
