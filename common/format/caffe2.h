/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_CAFFE2_H
#define FORMAT_CAFFE2_H

#include "format/format.h"

/*
 * Caffe2 (pytorch: caffe2/proto/caffe2.proto): a pair of NetDefs. The one fills the parameters
 * (init_net.pb), the other computes with them (predict_net.pb); they are told apart by what their
 * operators do, not by their names. There is no magic number.
 *
 * The inputs of the second are its external inputs less what the first one beside it fills. Caffe2
 * says neither types nor shapes of them. The property "part" is "init" or "predict".
 */
int caffe2_probe(struct view *view, bool *ret_maybe) MUST_CHECK;
int caffe2_read(const struct format_scan *scan) MUST_CHECK;

#endif
