/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_SAFETENSORS_H
#define FORMAT_SAFETENSORS_H

#include "format/format.h"

/*
 * safetensors (github.com/huggingface/safetensors, README, Format): the length of a header, a
 * header of JSON, and the tensors it names.
 *
 * The tensors fill everything behind the header, without holes and overlaps; each is as long as
 * its type and shape say; no name is there twice. It says nothing of inputs and outputs.
 */
int safetensors_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int safetensors_read(const struct format_scan *scan) MUST_CHECK;

#endif
