/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_TARGETPATH_H
#define TUF_TARGETPATH_H

#include "base/arena.h"

#include <stddef.h>

/*
 * How models, versions and variants are named in the image repository: publishers, server and
 * devices must agree.
 *
 *     role       model-digits
 *     manifest   digits/1.0.0/manifest.json
 *     artifact   digits/1.0.0/onnx/cpu/fp32/model.onnx
 *
 * A variant that was added to a version has a manifest of its own:
 *
 *     digits/1.0.0/onnx~npu~int8.json
 */
#define TARGETPATH_ROLE_PREFIX "model-"
#define TARGETPATH_PATTERNS 2
#define TARGETPATH_MANIFEST "manifest.json"

/* "model-digits", in the arena. */
const char *targetpath_role(struct arena *arena, const char *model);

/* The paths that the role of a model speaks for; in the arena. */
void targetpath_patterns(struct arena *arena, const char *model,
                         const char *ret_patterns[static TARGETPATH_PATTERNS]);

const char *targetpath_manifest(struct arena *arena, const char *model, const char *version);

/* The manifest of an added variant, "onnx/npu/int8". */
const char *targetpath_variant(struct arena *arena, const char *model, const char *version,
                               const char *variant);

/* "onnx~npu~int8.json" -> "onnx/npu/int8"; NULL where it is no such name. Parse what it returns. */
const char *targetpath_variant_of(struct arena *arena, const char *name);

/* variant: "onnx/cpu/fp32" */
const char *targetpath_artifact(struct arena *arena, const char *model, const char *version,
                                const char *variant, const char *name);

#endif
