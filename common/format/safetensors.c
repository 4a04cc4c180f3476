/* SPDX-License-Identifier: Apache-2.0 */
#include "format/safetensors.h"

#include "base/cleanup.h"
#include "format/extents.h"
#include "format/names.h"
#include "format/scanner.h"

#include <inttypes.h>
#include <string.h>

#define LENGTH_BYTES 8
#define HEADER_MAX ((uint64_t)100000000)
#define METADATA_SHOWN_MAX 32

static const struct {
    const char *name;
    enum dtype_id id;
} dtypes[] = {
    {"F32",     DTYPE_FLOAT32      },
    {"F16",     DTYPE_FLOAT16      },
    {"BF16",    DTYPE_BFLOAT16     },
    {"F64",     DTYPE_FLOAT64      },
    {"I8",      DTYPE_INT8         },
    {"U8",      DTYPE_UINT8        },
    {"I16",     DTYPE_INT16        },
    {"U16",     DTYPE_UINT16       },
    {"I32",     DTYPE_INT32        },
    {"U32",     DTYPE_UINT32       },
    {"I64",     DTYPE_INT64        },
    {"U64",     DTYPE_UINT64       },
    {"BOOL",    DTYPE_BOOL         },
    {"F8_E4M3", DTYPE_FLOAT8_E4M3FN},
    {"F8_E5M2", DTYPE_FLOAT8_E5M2  },
    {"F8_E8M0", DTYPE_FLOAT8_E8M0  },
    {"F4",      DTYPE_FLOAT4_E2M1  },
    {"F6_E2M3", DTYPE_FLOAT6_E2M3  },
    {"F6_E3M2", DTYPE_FLOAT6_E3M2  },
    {"C64",     DTYPE_COMPLEX64    },
};

struct safetensors {
    struct view *view;
    struct info_draft *draft;
    struct scanner scanner;
    struct names names;
    struct extents data; /* from the beginning of the data */
    uint64_t data_bytes;
    bool has_metadata;
};

struct tensor {
    const struct dtype *dtype;
    uint64_t elements;
    uint64_t offsets[2];
    bool has_dtype;
    bool has_shape;
    bool has_offsets;
};

static void safetensors_release(struct safetensors *safetensors)
{
    names_release(&safetensors->names);
    extents_release(&safetensors->data);
}

int safetensors_probe(struct view *view, bool *ret_maybe)
{
    return view_starts(view, LENGTH_BYTES, "{", 1, ret_maybe);
}

static int refuse(const struct safetensors *safetensors, const char *label, const char *why)
{
    uint64_t at = safetensors->scanner.token_at;

    return fault_set(safetensors->view->fault, FAULT_E_DAMAGED, at,
                     "tensor '%.64s', up to byte %" PRIu64 " of the header: %s", label, at, why);
}

/* ---- tensors ------------------------------------------------------------------------------ */

static int read_dtype(struct safetensors *safetensors, struct tensor *tensor)
{
    int r;

    r = scanner_want(&safetensors->scanner, SCANNER_STRING, "a type");
    if (r)
        return r;
    tensor->has_dtype = true;
    for (size_t i = 0; i < ARRAY_LEN(dtypes); i++) {
        if (strcmp(safetensors->scanner.text, dtypes[i].name) == 0)
            tensor->dtype = dtype_get(dtypes[i].id);
    }
    return tensor->dtype ? 0 : scanner_refuse(&safetensors->scanner, "a known type of tensor");
}

/* An array of whole numbers, each given to `take`. */
static int read_numbers(struct safetensors *safetensors, struct tensor *tensor,
                        bool (*take)(struct tensor *tensor, size_t i, uint64_t number),
                        const char *what, size_t *ret_count)
{
    struct scanner *scanner = &safetensors->scanner;
    enum scanner_token token;
    bool first = true;
    bool more;
    int r;

    *ret_count = 0;
    r = scanner_want(scanner, SCANNER_ARRAY, what);
    while (!r) {
        r = scanner_member(scanner, SCANNER_ARRAY_END, &first, &more, &token);
        if (r || !more)
            return r;
        if (token != SCANNER_NUMBER || !take(tensor, (*ret_count)++, scanner->number))
            return scanner_refuse(scanner, what);
    }
    return r;
}

static bool take_dim(struct tensor *tensor, size_t i, uint64_t number)
{
    return i < INFO_RANK_MAX &&
           !__builtin_mul_overflow(tensor->elements, number, &tensor->elements);
}

static bool take_offset(struct tensor *tensor, size_t i, uint64_t number)
{
    if (i >= 2)
        return false;
    tensor->offsets[i] = number;
    return true;
}

static int read_member(struct safetensors *safetensors, struct tensor *tensor)
{
    struct scanner *scanner = &safetensors->scanner;
    bool dtype = strcmp(scanner->text, "dtype") == 0;
    bool shape = strcmp(scanner->text, "shape") == 0;
    bool offsets = strcmp(scanner->text, "data_offsets") == 0;
    enum scanner_token token;
    size_t count;
    int r;

    r = scanner_want(scanner, SCANNER_COLON, "a colon");
    if (r)
        return r;
    if (dtype && !tensor->has_dtype)
        return read_dtype(safetensors, tensor);
    if (shape && !tensor->has_shape) {
        tensor->has_shape = true;
        return read_numbers(safetensors, tensor, take_dim, "a shape of numbers", &count);
    }
    if (offsets && !tensor->has_offsets) {
        tensor->has_offsets = true;
        r = read_numbers(safetensors, tensor, take_offset, "two offsets", &count);
        return r || count == 2 ? r : scanner_refuse(scanner, "two offsets");
    }
    r = scanner_next(scanner, &token);
    return r ? r : scanner_refuse(scanner, "one each of dtype, shape and data_offsets");
}

static int check_tensor(struct safetensors *safetensors, const struct tensor *tensor,
                        const char *label)
{
    uint64_t begin = tensor->offsets[0];
    uint64_t end = tensor->offsets[1];
    uint64_t bits;
    int r;

    if (!tensor->has_dtype || !tensor->has_shape || !tensor->has_offsets)
        return refuse(safetensors, label, "it lacks dtype, shape or data_offsets");
    if (begin > end)
        return refuse(safetensors, label, "its data ends before it begins");
    if (end > safetensors->data_bytes)
        return fault_set(safetensors->view->fault, FAULT_E_TRUNCATED,
                         safetensors->view->source.size,
                         "the file ends after %" PRIu64
                         " bytes of data, but those of tensor '%.64s' end at %" PRIu64,
                         safetensors->data_bytes, label, end);
    if (__builtin_mul_overflow(tensor->elements, (uint64_t)tensor->dtype->bits, &bits) ||
        bits % 8 != 0 || bits / 8 != end - begin)
        return refuse(safetensors, label, "its data is not as long as its type and shape say");
    r = extents_add(&safetensors->data, begin, end);
    if (r == EXTENTS_E_FULL)
        return fault_set(safetensors->view->fault, FAULT_E_LIMIT, safetensors->scanner.token_at,
                         "it has more than %zu tensors", EXTENTS_MAX);
    return r ? r
             : info_add_weights(safetensors->draft, safetensors->view,
                                safetensors->scanner.token_at, tensor->dtype->name,
                                tensor->elements);
}

static int read_tensor(struct safetensors *safetensors, const char *label)
{
    struct scanner *scanner = &safetensors->scanner;
    struct tensor tensor = {.elements = 1};
    enum scanner_token token;
    bool first = true;
    bool more;
    int r;

    r = scanner_want(scanner, SCANNER_OBJECT, "what a tensor is");
    while (!r) {
        r = scanner_member(scanner, SCANNER_OBJECT_END, &first, &more, &token);
        if (!r && !more)
            return check_tensor(safetensors, &tensor, label);
        if (!r)
            r = read_member(safetensors, &tensor);
    }
    return r;
}

/* ---- the header --------------------------------------------------------------------------- */

/* Texts by name; a few of them are worth showing. */
static int read_metadata(struct safetensors *safetensors)
{
    struct scanner *scanner = &safetensors->scanner;
    struct info_draft *draft = safetensors->draft;
    enum scanner_token token;
    const char *value;
    const char *key;
    bool first = true;
    bool more;
    int r;

    if (safetensors->has_metadata)
        return scanner_refuse(scanner, "no second __metadata__");
    safetensors->has_metadata = true;
    r = scanner_want(scanner, SCANNER_OBJECT, "metadata");
    for (unsigned shown = 0; !r; shown++) {
        r = scanner_member(scanner, SCANNER_OBJECT_END, &first, &more, &token);
        if (r || !more)
            return r;
        key = NULL;
        if (shown < METADATA_SHOWN_MAX)
            r = info_text(draft, safetensors->view, scanner->text, scanner->text_size,
                          INFO_PROSE_MAX, &key);
        if (!r)
            r = scanner_want(scanner, SCANNER_COLON, "a colon");
        if (!r)
            r = scanner_want(scanner, SCANNER_STRING, "a text");
        if (r || !key)
            continue;
        r = info_text(draft, safetensors->view, scanner->text, scanner->text_size, INFO_PROSE_MAX,
                      &value);
        if (!r)
            info_set(draft, arena_printf(draft->arena, "metadata.%s", key), value);
    }
    return r;
}

static int read_entry(struct safetensors *safetensors)
{
    struct scanner *scanner = &safetensors->scanner;
    char label[VIEW_LABEL_SIZE];
    uint64_t start = scanner->token_at;
    struct names_key key;
    bool metadata = strcmp(scanner->text, "__metadata__") == 0;
    bool there;
    int r;

    if (scanner->text_cut)
        return scanner_refuse(scanner, "a shorter name");
    /* with its quotes and escapes, less the ends; the name itself decides whether it is there */
    view_label(safetensors->view, start + 1, scanner->at - start - 2, label);
    key = names_key(scanner->text, scanner->text_size);
    r = scanner_want(scanner, SCANNER_COLON, "a colon");
    if (r)
        return r;
    if (metadata)
        return read_metadata(safetensors);
    r = names_add(&safetensors->names, &key, &there);
    if (r == FAULT_E_LIMIT)
        return fault_set(safetensors->view->fault, r, start, "it has more than %zu tensors",
                         NAMES_MAX);
    if (!r && there)
        return refuse(safetensors, label, "it is there twice");
    return r ? r : read_tensor(safetensors, label);
}

static int read_header(struct safetensors *safetensors)
{
    struct scanner *scanner = &safetensors->scanner;
    enum scanner_token token;
    bool first = true;
    bool more;
    int r;

    r = scanner_want(scanner, SCANNER_OBJECT, "the header");
    for (;;) {
        if (!r)
            r = scanner_member(scanner, SCANNER_OBJECT_END, &first, &more, &token);
        if (r || !more)
            break;
        r = read_entry(safetensors);
    }
    /* spaces may follow, so that the data is aligned */
    return r ? r : scanner_want(scanner, SCANNER_END, "the end of the header");
}

static int check_data(struct safetensors *safetensors, uint64_t begin)
{
    struct fault *fault = safetensors->view->fault;
    uint64_t at;
    int r;

    r = extents_check_whole(&safetensors->data, 0, safetensors->data_bytes, &at);
    if (r == EXTENTS_E_OVERLAP)
        return fault_set(fault, FAULT_E_DAMAGED, begin + at,
                         "two tensors share the bytes from %" PRIu64 " on", begin + at);
    if (r == EXTENTS_E_HOLE)
        return fault_set(fault, FAULT_E_DAMAGED, begin + at,
                         "the bytes from %" PRIu64 " on belong to no tensor", begin + at);
    return r;
}

int safetensors_read(const struct format_scan *scan)
{
    CLEANUP(safetensors_release)
    struct safetensors safetensors = {.view = scan->view, .draft = scan->draft};
    uint64_t header = 0;
    bool maybe;
    int r;

    r = safetensors_probe(scan->view, &maybe);
    if (!r && !maybe)
        return fault_set(scan->view->fault, FAULT_E_OTHER, LENGTH_BYTES,
                         "there is no header of JSON at byte %d", LENGTH_BYTES);
    if (!r)
        r = view_u64(scan->view, 0, "the length of the header", &header);
    if (r)
        return r;
    if (header > HEADER_MAX)
        return fault_set(scan->view->fault, FAULT_E_DAMAGED, 0,
                         "its header should have %" PRIu64 " bytes, but at most %" PRIu64
                         " are allowed",
                         header, HEADER_MAX);
    r = view_has(scan->view, LENGTH_BYTES, header, "the header");
    if (r)
        return r;
    safetensors.data_bytes = scan->view->source.size - LENGTH_BYTES - header;
    scanner_init(&safetensors.scanner, scan->view, LENGTH_BYTES, LENGTH_BYTES + header);
    r = read_header(&safetensors);
    if (!r)
        r = check_data(&safetensors, LENGTH_BYTES + header);
    if (r)
        return r;
    scan->draft->info.has_parameters = true;
    info_finish(scan->draft);
    return 0;
}
