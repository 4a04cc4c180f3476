/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_GGUF_H
#define FORMAT_GGUF_H

#include "format/format.h"

/*
 * GGUF (github.com/ggml-org/ggml, docs/gguf.md), versions 1 to 3, of either byte order.
 *
 * Every tensor must lie within the file, at a multiple of the alignment, over no other. It says
 * nothing of inputs and outputs. A type of tensor that we do not know is a warning.
 */
int gguf_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int gguf_read(const struct format_scan *scan) MUST_CHECK;

#endif
