/* SPDX-License-Identifier: Apache-2.0 */
#include "model/dtype.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct dtype dtypes[DTYPE_COUNT_] = {
    [DTYPE_FLOAT16] = {"float16",        16,  false},
    [DTYPE_FLOAT32] = {"float32",        32,  false},
    [DTYPE_FLOAT64] = {"float64",        64,  false},
    [DTYPE_BFLOAT16] = {"bfloat16",       16,  false},
    [DTYPE_FLOAT8_E4M3FN] = {"float8e4m3fn",   8,   true },
    [DTYPE_FLOAT8_E4M3FNUZ] = {"float8e4m3fnuz", 8,   true },
    [DTYPE_FLOAT8_E5M2] = {"float8e5m2",     8,   true },
    [DTYPE_FLOAT8_E5M2FNUZ] = {"float8e5m2fnuz", 8,   true },
    [DTYPE_FLOAT8_E8M0] = {"float8e8m0",     8,   true },
    [DTYPE_FLOAT6_E2M3] = {"float6e2m3",     6,   true },
    [DTYPE_FLOAT6_E3M2] = {"float6e3m2",     6,   true },
    [DTYPE_FLOAT4_E2M1] = {"float4e2m1",     4,   true },
    [DTYPE_NF4] = {"nf4",            4,   true },
    [DTYPE_INT2] = {"int2",           2,   true },
    [DTYPE_INT4] = {"int4",           4,   true },
    [DTYPE_INT8] = {"int8",           8,   true },
    [DTYPE_INT16] = {"int16",          16,  false},
    [DTYPE_INT32] = {"int32",          32,  false},
    [DTYPE_INT64] = {"int64",          64,  false},
    [DTYPE_UINT1] = {"uint1",          1,   true },
    [DTYPE_UINT2] = {"uint2",          2,   true },
    [DTYPE_UINT3] = {"uint3",          3,   true },
    [DTYPE_UINT4] = {"uint4",          4,   true },
    [DTYPE_UINT6] = {"uint6",          6,   true },
    [DTYPE_UINT8] = {"uint8",          8,   true },
    [DTYPE_UINT16] = {"uint16",         16,  false},
    [DTYPE_UINT32] = {"uint32",         32,  false},
    [DTYPE_UINT64] = {"uint64",         64,  false},
    [DTYPE_BOOL] = {"bool",           8,   false},
    [DTYPE_STRING] = {"string",         0,   false},
    [DTYPE_COMPLEX64] = {"complex64",      64,  false},
    [DTYPE_COMPLEX128] = {"complex128",     128, false},
};

const struct dtype *dtype_get(enum dtype_id id)
{
    assert(id < DTYPE_COUNT_);
    return &dtypes[id];
}

const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; i < DTYPE_COUNT_; i++) {
        if (strcmp(dtypes[i].name, name) == 0)
            return &dtypes[i];
    }
    return NULL;
}

const char *dtype_check(const char *name)
{
    return dtype_find(name) ? NULL : "a type of elements such as float32, int8, bool or string";
}
