/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_DTYPE_H
#define MODEL_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The types of a tensor's elements, under one name whatever a format calls them. Constant; compare
 * them by address.
 */
struct dtype {
    const char *name; /* "float32" */
    uint16_t bits;    /* of one element; 0: as long as it is (strings) */
    bool quantised;   /* weights of this type were quantised: integers of 8 bits or less, float8 */
};

enum dtype_id {
    DTYPE_FLOAT16,
    DTYPE_FLOAT32,
    DTYPE_FLOAT64,
    DTYPE_BFLOAT16,
    DTYPE_FLOAT8_E4M3FN,
    DTYPE_FLOAT8_E4M3FNUZ,
    DTYPE_FLOAT8_E5M2,
    DTYPE_FLOAT8_E5M2FNUZ,
    DTYPE_FLOAT8_E8M0,
    DTYPE_FLOAT6_E2M3,
    DTYPE_FLOAT6_E3M2,
    DTYPE_FLOAT4_E2M1,
    DTYPE_NF4,
    DTYPE_INT2,
    DTYPE_INT4,
    DTYPE_INT8,
    DTYPE_INT16,
    DTYPE_INT32,
    DTYPE_INT64,
    DTYPE_UINT1,
    DTYPE_UINT2,
    DTYPE_UINT3,
    DTYPE_UINT4,
    DTYPE_UINT6,
    DTYPE_UINT8,
    DTYPE_UINT16,
    DTYPE_UINT32,
    DTYPE_UINT64,
    DTYPE_BOOL,
    DTYPE_STRING,
    DTYPE_COMPLEX64,
    DTYPE_COMPLEX128,
    DTYPE_COUNT_,
};

const struct dtype *dtype_get(enum dtype_id id);

/* By its name, or NULL. */
const struct dtype *dtype_find(const char *name);

/* As fields_check: NULL, or what was expected. */
const char *dtype_check(const char *name);

#endif
