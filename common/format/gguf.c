/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gguf.h"

#include "base/cleanup.h"
#include "format/extents.h"
#include "format/gguf_type.h"
#include "format/names.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "GGUF"
#define VERSION_MAX 3
#define ALIGNMENT_DEFAULT 32
#define ALIGNMENT_MAX ((uint64_t)1 << 24)
#define DIMS_MAX 4 /* ggml.h, GGML_MAX_DIMS */
#define ARRAY_DEPTH_MAX 4
#define KEY_MAX 256

/* Types of values. */
enum value_type {
    VALUE_STRING = 8,
    VALUE_ARRAY = 9,
    VALUE_TYPES_ = 13,
};

/* Bytes of a value of fixed length, by its type. */
static const uint8_t value_bytes[VALUE_TYPES_] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* Types of whole numbers, by whether they are signed. */
static const bool value_whole[VALUE_TYPES_] = {
    [0] = true, [1] = true, [2] = true,  [3] = true, [4] = true,
    [5] = true, [7] = true, [10] = true, [11] = true};

struct gguf {
    struct view *view;
    struct info_draft *draft;
    uint64_t at; /* everything is read in order */
    uint32_t version;
    uint64_t alignment;
    uint64_t file_type;
    bool has_file_type;
    const char *architecture;
    struct names keys;
    struct names tensors;
    struct extents data; /* of tensors, from the beginning of the data */
    uint64_t data_end;
    uint64_t data_end_at; /* which tensor's: where it is described */
    char data_end_label[VIEW_LABEL_SIZE];
    uint64_t quantised; /* parameters of the type that most quantised ones have */
    const char *quantised_type;
};

struct text {
    uint64_t start;
    uint64_t size;
};

static void gguf_release(struct gguf *gguf)
{
    names_release(&gguf->keys);
    names_release(&gguf->tensors);
    extents_release(&gguf->data);
}

int gguf_probe(struct view *view, bool *ret_maybe)
{
    return view_starts(view, 0, MAGIC, 4, ret_maybe);
}

static int take_u32(struct gguf *gguf, const char *what, uint32_t *ret)
{
    int r = view_u32(gguf->view, gguf->at, what, ret);

    gguf->at += 4;
    return r;
}

static int take_u64(struct gguf *gguf, const char *what, uint64_t *ret)
{
    int r = view_u64(gguf->view, gguf->at, what, ret);

    gguf->at += 8;
    return r;
}

/* A count or length: 32 bits in version 1, 64 after it. */
static int take_count(struct gguf *gguf, const char *what, uint64_t *ret)
{
    uint32_t count;
    int r;

    if (gguf->version > 1)
        return take_u64(gguf, what, ret);
    r = take_u32(gguf, what, &count);
    if (!r)
        *ret = count;
    return r;
}

static int take_text(struct gguf *gguf, const char *what, struct text *ret_text)
{
    uint64_t size;
    int r;

    r = take_count(gguf, what, &size);
    if (!r)
        r = view_has(gguf->view, gguf->at, size, what);
    if (r)
        return r;
    *ret_text = (struct text){gguf->at, size};
    gguf->at += size;
    return 0;
}

/* ---- keys and values ---------------------------------------------------------------------- */

static int skip_value(struct gguf *gguf, uint32_t type, unsigned depth);

static int skip_array(struct gguf *gguf, unsigned depth)
{
    uint64_t count;
    uint32_t type;
    int r;

    if (depth >= ARRAY_DEPTH_MAX)
        return fault_set(gguf->view->fault, FAULT_E_LIMIT, gguf->at,
                         "the array at byte %" PRIu64 " lies inside %d others", gguf->at,
                         ARRAY_DEPTH_MAX);
    r = take_u32(gguf, "the type of an array", &type);
    if (!r)
        r = take_count(gguf, "the length of an array", &count);
    if (r)
        return r;
    if (type < VALUE_TYPES_ && value_bytes[type] > 0) {
        uint64_t bytes;

        if (__builtin_mul_overflow(count, (uint64_t)value_bytes[type], &bytes))
            bytes = UINT64_MAX;
        r = view_has(gguf->view, gguf->at, bytes, "an array");
        gguf->at += r ? 0 : bytes;
        return r;
    }
    for (uint64_t i = 0; i < count && !r; i++)
        r = skip_value(gguf, type, depth + 1);
    return r;
}

static int skip_value(struct gguf *gguf, uint32_t type, unsigned depth)
{
    struct text text;
    int r;

    r = view_step(gguf->view, gguf->at);
    if (r)
        return r;
    if (type == VALUE_STRING)
        return take_text(gguf, "a text", &text);
    if (type == VALUE_ARRAY)
        return skip_array(gguf, depth);
    if (type >= VALUE_TYPES_)
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, gguf->at,
                         "the value at byte %" PRIu64 " is of type %" PRIu32 ", which none is",
                         gguf->at, type);
    r = view_has(gguf->view, gguf->at, value_bytes[type], "a value");
    gguf->at += value_bytes[type];
    return r;
}

/* A whole number; a negative one is taken for what it is not, and nobody asks for one. */
static int read_whole(struct gguf *gguf, uint32_t type, uint64_t *ret_number)
{
    uint64_t at = gguf->at;
    uint8_t byte;
    uint16_t half;
    uint32_t word;
    int r;

    switch (value_bytes[type]) {
    case 1:
        r = view_u8(gguf->view, at, "a value", &byte);
        *ret_number = r ? 0 : byte;
        return r;
    case 2:
        r = view_u16(gguf->view, at, "a value", &half);
        *ret_number = r ? 0 : half;
        return r;
    case 4:
        r = view_u32(gguf->view, at, "a value", &word);
        *ret_number = r ? 0 : word;
        return r;
    default:
        return view_u64(gguf->view, at, "a value", ret_number);
    }
}

static int refuse_key(struct gguf *gguf, uint64_t at, const char *key)
{
    return fault_set(gguf->view->fault, FAULT_E_DAMAGED, at,
                     "the value of '%s' at byte %" PRIu64 " is not what it should be", key, at);
}

static int keep_number(struct gguf *gguf, const char *key, uint64_t at, uint64_t number)
{
    if (strcmp(key, "general.alignment") == 0) {
        if (number == 0 || number % 8 != 0 || number > ALIGNMENT_MAX)
            return refuse_key(gguf, at, key);
        gguf->alignment = number;
    } else if (strcmp(key, "general.file_type") == 0) {
        gguf->file_type = number;
        gguf->has_file_type = true;
        return 0;
    }
    info_set_number(gguf->draft, arena_strdup(gguf->draft->arena, key), number);
    return 0;
}

static int keep_text(struct gguf *gguf, const char *key, uint64_t at)
{
    const char *value;
    struct text text;
    int r;

    r = take_text(gguf, key, &text);
    if (!r)
        r = info_prose(gguf->draft, gguf->view, text.start, text.size, &value);
    if (r)
        return r;
    gguf->at = at;
    if (strcmp(key, "general.architecture") == 0)
        gguf->architecture = value;
    info_set(gguf->draft, arena_strdup(gguf->draft->arena, key), value);
    return 0;
}

/* What is worth showing of a few hundred keys. */
static bool is_kept(const struct gguf *gguf, const char *key)
{
    static const char *const kept[] = {
        "general.architecture", "general.name",       "general.basename",
        "general.version",      "general.size_label", "general.license",
        "general.file_type",    "general.alignment",  "general.quantization_version",
        "tokenizer.ggml.model", "split.no",           "split.count",
        "split.tensors.count"};
    static const char *const of_architecture[] = {"context_length", "embedding_length",
                                                  "block_count", "vocab_size"};
    size_t length = gguf->architecture ? strlen(gguf->architecture) : 0;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (strcmp(key, kept[i]) == 0)
            return true;
    }
    if (length == 0 || strncmp(key, gguf->architecture, length) != 0 || key[length] != '.')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(of_architecture); i++) {
        if (strcmp(key + length + 1, of_architecture[i]) == 0)
            return true;
    }
    return false;
}

static int keep_value(struct gguf *gguf, const char *key, uint32_t type)
{
    uint64_t at = gguf->at;
    uint64_t number;
    int r;

    if (type == VALUE_STRING)
        return keep_text(gguf, key, at);
    if (type >= VALUE_TYPES_ || !value_whole[type])
        return 0;
    r = read_whole(gguf, type, &number);
    return r ? r : keep_number(gguf, key, at, number);
}

static int add_name(struct gguf *gguf, struct names *names, const struct text *name,
                    const char *what)
{
    char label[VIEW_LABEL_SIZE];
    struct names_key key;
    bool there;
    int r;

    r = names_key_of(gguf->view, name->start, name->size, &key);
    if (!r)
        r = names_add(names, &key, &there);
    if (r == FAULT_E_LIMIT)
        return fault_set(gguf->view->fault, r, name->start, "it has more than %zu %ss", NAMES_MAX,
                         what);
    if (r || !there)
        return r;
    view_label(gguf->view, name->start, name->size, label);
    return fault_set(gguf->view->fault, FAULT_E_DAMAGED, name->start,
                     "the %s '%s' is there twice, again at byte %" PRIu64, what, label,
                     name->start);
}

static int read_pair(struct gguf *gguf)
{
    char key[KEY_MAX + 1] = "";
    struct text name;
    uint32_t type;
    int r;

    r = take_text(gguf, "a key", &name);
    if (!r)
        r = add_name(gguf, &gguf->keys, &name, "key");
    if (!r)
        r = take_u32(gguf, "the type of a value", &type);
    if (r)
        return r;
    if (name.size <= KEY_MAX) {
        r = view_read(gguf->view, name.start, key, (size_t)name.size, "a key");
        if (!r && is_kept(gguf, key))
            r = keep_value(gguf, key, type);
    }
    return r ? r : skip_value(gguf, type, 0);
}

/* ---- tensors ------------------------------------------------------------------------------ */

static int read_dims(struct gguf *gguf, uint64_t dims[static DIMS_MAX], uint64_t *ret_elements)
{
    uint64_t at = gguf->at;
    uint64_t elements = 1;
    uint32_t count;
    int r;

    r = take_u32(gguf, "the number of dimensions", &count);
    if (r)
        return r;
    if (count > DIMS_MAX)
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, at,
                         "the tensor at byte %" PRIu64 " has %" PRIu32
                         " dimensions, at most %d are allowed",
                         at, count, DIMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        r = take_count(gguf, "a dimension", &dims[i]);
        if (r)
            return r;
        if (dims[i] > INT64_MAX || __builtin_mul_overflow(elements, dims[i], &elements))
            return fault_set(gguf->view->fault, FAULT_E_DAMAGED, at,
                             "the tensor at byte %" PRIu64 " has dimensions that no memory holds",
                             at);
    }
    *ret_elements = elements;
    return 0;
}

/* Rows are whole blocks. */
static int tensor_bytes(struct gguf *gguf, const struct gguf_type *type, uint64_t row,
                        uint64_t elements, const char *label, uint64_t *ret_bytes)
{
    if (row % type->block_elements != 0)
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, gguf->at,
                         "tensor '%s' has rows of %" PRIu64 ", but %s comes in blocks of %u", label,
                         row, type->name, type->block_elements);
    if (__builtin_mul_overflow(elements / type->block_elements, (uint64_t)type->block_bytes,
                               ret_bytes))
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, gguf->at,
                         "tensor '%s' is larger than any file", label);
    return 0;
}

static int place_tensor(struct gguf *gguf, uint64_t at, uint64_t offset, uint64_t bytes,
                        const char *label)
{
    uint64_t end;
    int r;

    if (offset % gguf->alignment != 0)
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, at,
                         "the data of tensor '%s' begins at %" PRIu64
                         ", which is no multiple of %" PRIu64,
                         label, offset, gguf->alignment);
    if (__builtin_add_overflow(offset, bytes, &end))
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, at,
                         "the data of tensor '%s' ends beyond any file", label);
    if (end > gguf->data_end) {
        gguf->data_end = end;
        gguf->data_end_at = at;
        memcpy(gguf->data_end_label, label, VIEW_LABEL_SIZE);
    }
    r = extents_add(&gguf->data, offset, end);
    return r == EXTENTS_E_FULL ? fault_set(gguf->view->fault, FAULT_E_LIMIT, at,
                                           "it has more than %zu tensors", EXTENTS_MAX)
                               : r;
}

static void count_quantised(struct gguf *gguf, const struct gguf_type *type)
{
    const struct format_info *info = &gguf->draft->info;

    for (size_t i = 0; type && type->quantised && i < info->weight_count; i++) {
        uint64_t parameters = (uint64_t)info->weights[i].parameters;

        if (strcmp(info->weights[i].type, type->name) == 0 && parameters > gguf->quantised) {
            gguf->quantised = parameters;
            gguf->quantised_type = type->name;
        }
    }
}

static int read_tensor(struct gguf *gguf)
{
    char label[VIEW_LABEL_SIZE];
    const struct gguf_type *type;
    uint64_t dims[DIMS_MAX] = {1, 1, 1, 1};
    uint64_t at = gguf->at;
    uint64_t bytes = 0;
    uint64_t elements = 0;
    uint64_t offset;
    struct text name;
    uint32_t code;
    int r;

    r = take_text(gguf, "the name of a tensor", &name);
    if (!r)
        r = add_name(gguf, &gguf->tensors, &name, "tensor");
    if (!r)
        r = read_dims(gguf, dims, &elements);
    if (!r)
        r = take_u32(gguf, "the type of a tensor", &code);
    if (!r)
        r = take_u64(gguf, "where a tensor is", &offset);
    if (r)
        return r;
    view_label(gguf->view, name.start, name.size, label);
    type = gguf_type_find(code);
    if (type)
        r = tensor_bytes(gguf, type, dims[0], elements, label, &bytes);
    else
        info_warn(gguf->draft, "tensors of type %" PRIu32 " are unknown to this version", code);
    if (!r)
        r = place_tensor(gguf, at, offset, bytes, label);
    if (!r)
        r = info_add_weights(
            gguf->draft, gguf->view, at,
            type ? type->name : arena_printf(gguf->draft->arena, "type %" PRIu32, code), elements);
    if (!r)
        count_quantised(gguf, type);
    return r;
}

/* All of them are within the file, and apart. */
static int check_data(struct gguf *gguf)
{
    struct view *view = gguf->view;
    uint64_t begin = (gguf->at + gguf->alignment - 1) / gguf->alignment * gguf->alignment;
    uint64_t at;
    int r;

    if (gguf->data_end > 0 &&
        (begin > view->source.size || gguf->data_end > view->source.size - begin))
        return fault_set(view->fault, FAULT_E_TRUNCATED, view->source.size,
                         "the file ends at byte %" PRIu64 ", but tensor '%s' ends %" PRIu64
                         " bytes behind byte %" PRIu64,
                         view->source.size, gguf->data_end_label, gguf->data_end, begin);
    r = extents_check(&gguf->data, &at);
    if (r == EXTENTS_E_OVERLAP)
        return fault_set(view->fault, FAULT_E_DAMAGED, begin + at,
                         "two tensors share the bytes from %" PRIu64 " on", begin + at);
    return r;
}

/* ---- the file ----------------------------------------------------------------------------- */

static int read_header(struct gguf *gguf, uint64_t *ret_tensors, uint64_t *ret_pairs)
{
    bool identified;
    int r;

    r = gguf_probe(gguf->view, &identified);
    if (r)
        return r;
    if (!identified)
        return fault_set(gguf->view->fault, FAULT_E_OTHER, 0, "it does not begin with '" MAGIC "'");
    gguf->at = 4;
    r = take_u32(gguf, "the version", &gguf->version);
    if (!r && (gguf->version & 0xffff) == 0 && gguf->version != 0) {
        gguf->view->big_endian = true;
        gguf->version = __builtin_bswap32(gguf->version);
        info_set(gguf->draft, "byte_order", "big-endian");
    }
    if (!r && (gguf->version == 0 || gguf->version > VERSION_MAX))
        return fault_set(gguf->view->fault, FAULT_E_DAMAGED, 4,
                         "it is of version %" PRIu32 " of the format, but 1 to %d are known",
                         gguf->version, VERSION_MAX);
    if (!r)
        r = take_count(gguf, "the number of tensors", ret_tensors);
    if (!r)
        r = take_count(gguf, "the number of keys", ret_pairs);
    return r;
}

static void describe(struct gguf *gguf)
{
    struct info_draft *draft = gguf->draft;
    const char *type = gguf->has_file_type ? gguf_type_of_file(gguf->file_type) : NULL;

    draft->info.format_version = arena_printf(draft->arena, "%" PRIu32, gguf->version);
    draft->info.has_parameters = true;
    /* the file's word counts where it has quantised weights at all */
    if (gguf->quantised_type)
        draft->info.quantisation = type && !dtype_find(type) ? type : gguf->quantised_type;
    if (!gguf->architecture)
        info_warn(draft, "it does not say its architecture");
}

int gguf_read(const struct format_scan *scan)
{
    CLEANUP(gguf_release)
    struct gguf gguf = {
        .view = scan->view,
        .draft = scan->draft,
        .alignment = ALIGNMENT_DEFAULT,
    };
    uint64_t tensors;
    uint64_t pairs;
    int r;

    r = read_header(&gguf, &tensors, &pairs);
    for (uint64_t i = 0; !r && i < pairs; i++)
        r = read_pair(&gguf);
    for (uint64_t i = 0; !r && i < tensors; i++)
        r = read_tensor(&gguf);
    if (!r)
        r = check_data(&gguf);
    if (!r)
        describe(&gguf);
    return r;
}
