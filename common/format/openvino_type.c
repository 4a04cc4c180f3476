/* SPDX-License-Identifier: Apache-2.0 */
#include "format/openvino_type.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum dtype_id id;
} types[] = {
    {"f32",     DTYPE_FLOAT32      },
    {"FP32",    DTYPE_FLOAT32      },
    {"f16",     DTYPE_FLOAT16      },
    {"FP16",    DTYPE_FLOAT16      },
    {"bf16",    DTYPE_BFLOAT16     },
    {"f64",     DTYPE_FLOAT64      },
    {"FP64",    DTYPE_FLOAT64      },
    {"i64",     DTYPE_INT64        },
    {"i32",     DTYPE_INT32        },
    {"i16",     DTYPE_INT16        },
    {"i8",      DTYPE_INT8         },
    {"i4",      DTYPE_INT4         },
    {"u64",     DTYPE_UINT64       },
    {"u32",     DTYPE_UINT32       },
    {"u16",     DTYPE_UINT16       },
    {"u8",      DTYPE_UINT8        },
    {"u6",      DTYPE_UINT6        },
    {"u4",      DTYPE_UINT4        },
    {"u3",      DTYPE_UINT3        },
    {"u2",      DTYPE_UINT2        },
    {"u1",      DTYPE_UINT1        },
    {"BIN",     DTYPE_UINT1        },
    {"boolean", DTYPE_BOOL         },
    {"BOOL",    DTYPE_BOOL         },
    {"string",  DTYPE_STRING       },
    {"nf4",     DTYPE_NF4          },
    {"f4e2m1",  DTYPE_FLOAT4_E2M1  },
    {"f8e4m3",  DTYPE_FLOAT8_E4M3FN},
    {"f8e5m2",  DTYPE_FLOAT8_E5M2  },
    {"f8e8m0",  DTYPE_FLOAT8_E8M0  },
};

const struct dtype *openvino_type_find(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcasecmp(text, types[i].name) == 0)
            return dtype_get(types[i].id);
    }
    return NULL;
}

/* A dimension at *text: a number, "?", "-1", or a range. Moves behind it; false where it is none.
 */
static bool read_dim(const char **text, int64_t *ret_size)
{
    char *end;
    long long size;

    *ret_size = INFO_UNKNOWN_SIZE;
    if (**text == '?') {
        (*text)++;
        return true;
    }
    errno = 0;
    size = strtoll(*text, &end, 10);
    if (errno || (end == *text && strncmp(end, "..", 2) != 0))
        return false;
    if (strncmp(end, "..", 2) == 0) {
        *text = end + 2 + strspn(end + 2, "0123456789");
        return true;
    }
    *text = end;
    *ret_size = size < 0 ? INFO_UNKNOWN_SIZE : size;
    return true;
}

int openvino_type_shape(struct info_draft *draft, struct view *view, const char *text,
                        struct info_tensor *tensor)
{
    tensor->rank = 0;
    tensor->ranked = strncmp(text, "...", 3) != 0;
    while (tensor->ranked && *text) {
        struct info_dim dim = {0};
        int r;

        text += strspn(text, " ");
        if (!read_dim(&text, &dim.size))
            return fault_set(view->fault, FAULT_E_DAMAGED, 0, "the shape '%.64s' is none", text);
        r = info_add_dim(draft, view, tensor, 0, dim);
        if (r)
            return r;
        text += strspn(text, " ");
        if (*text == ',')
            text++;
        else if (*text)
            return fault_set(view->fault, FAULT_E_DAMAGED, 0, "the shape '%.64s' is none", text);
    }
    return 0;
}

bool openvino_type_elements(const char *text, uint64_t *ret_elements)
{
    uint64_t elements = 1;

    while (*text) {
        int64_t size;

        text += strspn(text, " ");
        if (!read_dim(&text, &size) || size < 0 ||
            __builtin_mul_overflow(elements, (uint64_t)size, &elements))
            return false;
        text += strspn(text, " ");
        if (*text && *text++ != ',')
            return false;
    }
    *ret_elements = elements;
    return true;
}

int openvino_type_first_name(struct info_draft *draft, struct view *view, const char *names,
                             const char **ret_name)
{
    char name[INFO_NAME_MAX];
    size_t size = 0;

    for (; *names && *names != ','; names++) {
        if (names[0] == '\\' && names[1] == ',')
            names++;
        if (size == sizeof(name))
            return fault_set(view->fault, FAULT_E_LIMIT, 0,
                             "the name '%.64s...' is longer than %zu bytes", name, INFO_NAME_MAX);
        name[size++] = *names;
    }
    return info_text(draft, view, name, size, INFO_NAME_MAX, ret_name);
}
