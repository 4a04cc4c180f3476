/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_OPENVINO_H
#define FORMAT_OPENVINO_H

#include "format/format.h"

/*
 * OpenVINO's intermediate representation (docs.openvino.ai, OpenVINO IR format), versions 5 to 11:
 * a net in XML, and its constants in a file beside it, of the same name but for ".bin".
 *
 * Inputs are the Parameter layers, outputs the Result layers, named by the tensors that they
 * carry; the layer's own name is the alias. Before version 10 there were no Result layers, and
 * outputs are not known. Parameters are the elements of Const layers (up to version 7: of blobs).
 */
int openvino_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int openvino_read(const struct format_scan *scan) MUST_CHECK;

#endif
