/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_SIGNATURE_H
#define MODEL_SIGNATURE_H

#include "base/arena.h"
#include "base/error.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a publisher declares that a version takes and gives (docs/PROTOCOL.md, Signature). It is
 * part of what is signed, and held against the model files (format/inspect.h).
 */

#define SIGNATURE_TENSORS_MAX 256
#define SIGNATURE_RANK_MAX 64
#define SIGNATURE_NAME_MAX 1024
#define SIGNATURE_SYMBOL_MAX 64
#define SIGNATURE_UNKNOWN_SIZE ((int64_t)-1)

struct signature_dim {
    int64_t size;       /* SIGNATURE_UNKNOWN_SIZE where any is taken */
    const char *symbol; /* a name for that; or NULL */
};

struct signature_tensor {
    const char *name;
    const char *type; /* of model/dtype.h */
    bool ranked;      /* whether a shape is declared */
    struct signature_dim *dims;
    size_t rank;
};

struct signature {
    struct signature_tensor *inputs;
    size_t input_count;
    struct signature_tensor *outputs;
    size_t output_count;
};

/* Strings and arrays go to the arena. `path` is where the value stands, for errors. Returns 0, or
 * FIELDS_E_INVALID. */
int signature_decode(const json_t *value, const char *path, struct arena *arena,
                     struct signature *ret_signature, struct fields_error *ret_error) MUST_CHECK;

/* A new reference; NULL where memory ends. */
json_t *signature_encode(const struct signature *signature);

/*
 * Reads one tensor as people write it: "image:float32[N,64]", "image:float32" (any shape),
 * "image:float32[]" (a scalar), "image:float32[?,64]".
 *
 * Returns 0, or FIELDS_E_INVALID with what was expected in ret_error.
 */
int signature_parse_tensor(const char *text, struct arena *arena,
                           struct signature_tensor *ret_tensor,
                           struct fields_error *ret_error) MUST_CHECK;

/* As it is read: "image:float32[N,64]"; in the arena. */
const char *signature_tensor_text(const struct signature_tensor *tensor, struct arena *arena);

#endif
