/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_DECLARE_H
#define FORMAT_DECLARE_H

#include "format/info.h"
#include "model/signature.h"

#include <stdbool.h>

/*
 * The signature that a file itself declares, in the words of manifests (model/signature.h): by the
 * names that callers use, and without those names of dimensions that a manifest cannot hold.
 *
 * Returns false where the format says none, or something that a manifest cannot say.
 */
bool declare_signature(const struct format_info *info, struct arena *arena,
                       struct signature *ret_signature);

bool declare_equal(const struct signature *a, const struct signature *b);

#endif
