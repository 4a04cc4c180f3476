/* SPDX-License-Identifier: Apache-2.0 */
#include "format/info.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- texts -------------------------------------------------------------------------------- */

/* Copies what is UTF-8 and no control character; each byte that is not becomes '?'. */
static size_t clean(const char *bytes, size_t size, size_t max, char *ret_text)
{
    size_t used = 0;

    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence((const unsigned char *)bytes + i, size - i);
        unsigned char c = (unsigned char)bytes[i];

        if (used + (length ? length : 1) > max)
            break;
        if (length == 0 || c < 0x20 || c == 0x7f)
            ret_text[used++] = '?';
        else
            memcpy(ret_text + used, bytes + i, length);
        used += length == 0 || c < 0x20 || c == 0x7f ? 0 : length;
        i += length ? length : 1;
    }
    ret_text[used] = '\0';
    return used;
}

int info_text(struct info_draft *draft, struct view *view, const char *bytes, size_t size,
              size_t max, const char **ret_text)
{
    char text[INFO_NAME_MAX + 1];
    size_t used = clean(bytes, size, max < INFO_NAME_MAX ? max : INFO_NAME_MAX, text);

    if (used > INFO_TEXT_MAX - draft->text_bytes)
        return fault_set(view->fault, FAULT_E_LIMIT, 0, "the file has more than %zu bytes of names",
                         INFO_TEXT_MAX);
    draft->text_bytes += used;
    *ret_text = arena_strndup(draft->arena, text, used);
    return 0;
}

int info_name(struct info_draft *draft, struct view *view, uint64_t offset, uint64_t size,
              const char **ret_name)
{
    char bytes[INFO_NAME_MAX];
    int r;

    if (size > sizeof(bytes))
        return fault_set(view->fault, FAULT_E_LIMIT, offset,
                         "the name at byte %" PRIu64 " is longer than %zu bytes", offset,
                         INFO_NAME_MAX);
    r = view_read(view, offset, bytes, (size_t)size, "a name");
    if (r)
        return r;
    return info_text(draft, view, bytes, (size_t)size, INFO_NAME_MAX, ret_name);
}

int info_prose(struct info_draft *draft, struct view *view, uint64_t offset, uint64_t size,
               const char **ret_text)
{
    char bytes[INFO_PROSE_MAX];
    size_t count = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
    int r;

    r = view_has(view, offset, size, "a text");
    if (!r)
        r = view_read(view, offset, bytes, count, "a text");
    if (r)
        return r;
    if (count < size) { /* not in the middle of a character */
        while (count > 0 && ((unsigned char)bytes[count - 1] & 0xc0) == 0x80)
            count--;
        if (count > 0 && (unsigned char)bytes[count - 1] >= 0xc0)
            count--;
    }
    return info_text(draft, view, bytes, count, INFO_PROSE_MAX, ret_text);
}

/* ---- lists -------------------------------------------------------------------------------- */

/* Room for one more: what there is, or a copy of twice the size, from the arena. */
static void *room(struct arena *arena, void *items, size_t count, size_t size)
{
    void *larger;

    if (count > 0 && (count < 4 || (count & (count - 1)) != 0))
        return items; /* capacities are 4, 8, 16 ... */
    larger = arena_array(arena, count < 4 ? 4 : count * 2, size);
    if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

static int too_many(struct view *view, uint64_t offset, const char *what, size_t max)
{
    return fault_set(view->fault, FAULT_E_LIMIT, offset, "the file has more than %zu %s", max,
                     what);
}

int info_add_tensor(struct info_draft *draft, struct view *view, struct info_tensors *which,
                    uint64_t offset, struct info_tensor **ret_tensor)
{
    if (which->count == INFO_TENSORS_MAX)
        return too_many(view, offset, "inputs or outputs", INFO_TENSORS_MAX);
    which->items = room(draft->arena, which->items, which->count, sizeof(*which->items));
    *ret_tensor = &which->items[which->count++];
    **ret_tensor = (struct info_tensor){.name = "", .type = "unknown"};
    return 0;
}

int info_add_dim(struct info_draft *draft, struct view *view, struct info_tensor *tensor,
                 uint64_t offset, struct info_dim dim)
{
    if (tensor->rank == INFO_RANK_MAX)
        return too_many(view, offset, "dimensions in one tensor", INFO_RANK_MAX);
    tensor->ranked = true;
    tensor->dims = room(draft->arena, tensor->dims, tensor->rank, sizeof(*tensor->dims));
    tensor->dims[tensor->rank++] = dim;
    return 0;
}

int info_add_opset(struct info_draft *draft, struct view *view, uint64_t offset,
                   struct info_opset opset)
{
    struct format_info *info = &draft->info;

    if (info->opset_count == INFO_OPSETS_MAX)
        return too_many(view, offset, "operator sets", INFO_OPSETS_MAX);
    info->opsets = room(draft->arena, info->opsets, info->opset_count, sizeof(*info->opsets));
    info->opsets[info->opset_count++] = opset;
    return 0;
}

int info_add_weights(struct info_draft *draft, struct view *view, uint64_t offset, const char *type,
                     uint64_t parameters)
{
    struct format_info *info = &draft->info;
    size_t i = 0;

    info->has_parameters = true;
    if (parameters > INT64_MAX || (int64_t)parameters > INT64_MAX - info->parameters)
        return fault_set(view->fault, FAULT_E_DAMAGED, offset,
                         "the weights up to byte %" PRIu64 " are more than there can be", offset);
    while (i < info->weight_count && strcmp(info->weights[i].type, type) != 0)
        i++;
    if (i == info->weight_count) {
        if (i == INFO_WEIGHTS_MAX)
            return too_many(view, offset, "types of weights", INFO_WEIGHTS_MAX);
        info->weights = room(draft->arena, info->weights, i, sizeof(*info->weights));
        info->weights[i] = (struct info_weights){.type = type};
        info->weight_count++;
    }
    info->parameters += (int64_t)parameters;
    info->weights[i].tensors++;
    info->weights[i].parameters += (int64_t)parameters;
    return 0;
}

int info_add_file(struct info_draft *draft, struct view *view, uint64_t offset, const char *name,
                  uint64_t length)
{
    struct format_info *info = &draft->info;
    size_t i = 0;

    if (length > INT64_MAX)
        return fault_set(view->fault, FAULT_E_DAMAGED, offset,
                         "the data in '%s' that byte %" PRIu64 " names lies beyond any file", name,
                         offset);
    while (i < info->file_count && strcmp(info->files[i].name, name) != 0)
        i++;
    if (i == info->file_count) {
        if (i == INFO_FILES_MAX)
            return too_many(view, offset, "files beside it that it needs", INFO_FILES_MAX);
        info->files = room(draft->arena, info->files, i, sizeof(*info->files));
        info->files[i] = (struct info_file){.name = name};
        info->file_count++;
    }
    if ((int64_t)length > info->files[i].length)
        info->files[i].length = (int64_t)length;
    return 0;
}

void info_set(struct info_draft *draft, const char *key, const char *value)
{
    struct format_info *info = &draft->info;

    for (size_t i = 0; i < info->property_count; i++) {
        if (strcmp(info->properties[i].key, key) == 0)
            return;
    }
    if (info->property_count == INFO_PROPERTIES_MAX)
        return;
    info->properties =
        room(draft->arena, info->properties, info->property_count, sizeof(*info->properties));
    info->properties[info->property_count++] = (struct fields_pair){key, value};
}

void info_set_number(struct info_draft *draft, const char *key, uint64_t value)
{
    info_set(draft, key, arena_printf(draft->arena, "%" PRIu64, value));
}

void info_warn(struct info_draft *draft, const char *format, ...)
{
    struct format_info *info = &draft->info;
    char text[INFO_PROSE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    utf8_trim(text);
    for (size_t i = 0; i < info->warning_count; i++) {
        if (strcmp(info->warnings[i], text) == 0)
            return;
    }
    if (info->warning_count == INFO_WARNINGS_MAX)
        return;
    info->warnings =
        room(draft->arena, (void *)info->warnings, info->warning_count, sizeof(*info->warnings));
    info->warnings[info->warning_count++] = arena_strdup(draft->arena, text);
}

/* ---- the end ------------------------------------------------------------------------------ */

void info_finish(struct info_draft *draft)
{
    struct format_info *info = &draft->info;
    const struct info_weights *most = NULL;

    for (size_t i = 0; i < info->weight_count; i++) {
        const struct dtype *type = dtype_find(info->weights[i].type);

        if (type && type->quantised && (!most || info->weights[i].parameters > most->parameters))
            most = &info->weights[i];
    }
    if (!info->quantisation && most)
        info->quantisation = most->type;
}

const char *info_shape_text(const struct info_tensor *tensor, struct arena *arena)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER((size_t)1 << 17);

    if (!tensor->ranked)
        return "any shape";
    buffer_append_char(&text, '[');
    for (size_t i = 0; i < tensor->rank; i++) {
        const struct info_dim *dim = &tensor->dims[i];

        buffer_append_text(&text, i ? "," : "");
        if (dim->size != INFO_UNKNOWN_SIZE)
            buffer_printf(&text, "%" PRId64, dim->size);
        else
            buffer_append_text(&text, dim->symbol ? dim->symbol : "?");
    }
    buffer_append_char(&text, ']');
    return arena_strndup(arena, text.bytes, text.size);
}
