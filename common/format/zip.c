/* SPDX-License-Identifier: Apache-2.0 */
#include "format/zip.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LOCAL_SIGNATURE UINT32_C(0x04034b50)
#define ENTRY_SIGNATURE UINT32_C(0x02014b50)
#define END_SIGNATURE UINT32_C(0x06054b50)
#define END64_SIGNATURE UINT32_C(0x06064b50)
#define LOCATOR64_SIGNATURE UINT32_C(0x07064b50)
#define LOCAL_BYTES 30
#define ENTRY_BYTES 46
#define END_BYTES 22
#define END64_BYTES 56
#define LOCATOR64_BYTES 20
#define COMMENT_MAX 65535
#define EXTRA64 1 /* the extra field that has what does not fit into 32 bits */
#define FLAG_ENCRYPTED 1

static int damaged(struct view *view, uint64_t at, const char *what)
{
    return fault_set(view->fault, FAULT_E_DAMAGED, at, "%s at byte %" PRIu64 " is broken", what,
                     at);
}

/* ---- the end of the directory ------------------------------------------------------------- */

/* The record at the end of the file, behind which only its comment may be. */
static int find_end(struct view *view, uint64_t *ret_at)
{
    static const uint8_t signature[] = {'P', 'K', 5, 6};
    uint64_t size = view->source.size;
    uint64_t lowest = size > END_BYTES + COMMENT_MAX ? size - END_BYTES - COMMENT_MAX : 0;
    uint64_t at = size >= END_BYTES ? size - END_BYTES : 0;
    int r = 0;

    for (; size >= END_BYTES && !r; at--) {
        uint16_t comment = 0;
        bool there;

        r = view_starts(view, at, signature, sizeof(signature), &there);
        if (!r && there)
            r = view_u16(view, at + 20, "the end of the archive", &comment);
        if (!r && there && at + END_BYTES + comment == size) {
            *ret_at = at;
            return 0;
        }
        if (at == lowest)
            break;
    }
    return r ? r
             : fault_set(view->fault, FAULT_E_TRUNCATED, size,
                         "the archive has no directory before the file ends at byte %" PRIu64,
                         size);
}

/* Where ZIP64 has the same, with 64 bits. */
static int read_end64(struct zip *zip, uint64_t end, uint64_t *ret_size, uint64_t *ret_start)
{
    struct view *view = zip->view;
    uint32_t signature = 0;
    uint64_t at = 0;
    int r = 0;

    if (end >= LOCATOR64_BYTES)
        r = view_u32(view, end - LOCATOR64_BYTES, "the end of the archive", &signature);
    if (r || signature != LOCATOR64_SIGNATURE)
        return r;
    r = view_u64(view, end - LOCATOR64_BYTES + 8, "the end of the archive", &at);
    if (!r)
        r = view_has(view, at, END64_BYTES, "the end of the archive");
    if (!r)
        r = view_u32(view, at, "the end of the archive", &signature);
    if (!r && signature != END64_SIGNATURE)
        return damaged(view, at, "the end of the archive");
    if (!r)
        r = view_u64(view, at + 32, "the end of the archive", &zip->entries);
    if (!r)
        r = view_u64(view, at + 40, "the end of the archive", ret_size);
    if (!r)
        r = view_u64(view, at + 48, "the end of the archive", ret_start);
    return r;
}

int zip_open(struct zip *zip, struct view *view)
{
    static const uint8_t first[] = {'P', 'K', 3, 4};
    uint64_t size64 = 0;
    uint64_t start64 = 0;
    uint16_t entries;
    uint32_t size;
    uint32_t start;
    uint64_t end = 0;
    bool there;
    int r;

    *zip = (struct zip){.view = view};
    r = view_starts(view, 0, first, sizeof(first), &there);
    if (!r && !there)
        return fault_set(view->fault, FAULT_E_OTHER, 0, "it does not begin as a ZIP archive");
    if (!r)
        r = find_end(view, &end);
    if (!r)
        r = view_u16(view, end + 10, "the end of the archive", &entries);
    if (!r)
        r = view_u32(view, end + 12, "the end of the archive", &size);
    if (!r)
        r = view_u32(view, end + 16, "the end of the archive", &start);
    if (r)
        return r;
    zip->entries = entries;
    size64 = size;
    start64 = start;
    if (entries == UINT16_MAX || size == UINT32_MAX || start == UINT32_MAX)
        r = read_end64(zip, end, &size64, &start64);
    if (r)
        return r;
    if (start64 > end || size64 > end - start64 || zip->entries > size64 / ENTRY_BYTES)
        return damaged(view, end, "the end of the archive");
    zip->at = start64;
    zip->end = start64 + size64;
    zip->left = zip->entries;
    return 0;
}

/* ---- entries ------------------------------------------------------------------------------ */

/* What stands in the directory about an entry. */
struct record {
    uint16_t flags;
    uint16_t method;
    uint32_t packed;
    uint32_t bytes;
    uint16_t name_size;
    uint16_t extra_size;
    uint16_t comment_size;
    uint32_t local;
    uint64_t packed64;
    uint64_t bytes64;
    uint64_t local64;
};

/* Fields that are all ones are in the extra field instead, in this order. */
static int read_extra64(struct zip *zip, struct record *record, uint64_t at, uint64_t end)
{
    struct {
        bool wanted;
        uint64_t *value;
    } fields[] = {
        {record->bytes == UINT32_MAX,  &record->bytes64 },
        {record->packed == UINT32_MAX, &record->packed64},
        {record->local == UINT32_MAX,  &record->local64 },
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(fields) && !r; i++) {
        if (!fields[i].wanted)
            continue;
        if (end - at < 8)
            return damaged(zip->view, at, "the entry of the archive");
        r = view_u64(zip->view, at, "an extra field", fields[i].value);
        at += 8;
    }
    return r;
}

static int read_extras(struct zip *zip, struct record *record, uint64_t at, uint64_t end)
{
    while (end - at >= 4) {
        uint16_t size;
        uint16_t id;
        int r;

        r = view_step(zip->view, at);
        if (!r)
            r = view_u16(zip->view, at, "an extra field", &id);
        if (!r)
            r = view_u16(zip->view, at + 2, "an extra field", &size);
        if (r)
            return r;
        at += 4;
        if (size > end - at)
            return damaged(zip->view, at, "the entry of the archive");
        if (id == EXTRA64)
            return read_extra64(zip, record, at, at + size);
        at += size;
    }
    return 0;
}

static int read_record(struct zip *zip, struct record *record)
{
    struct view *view = zip->view;
    static const char what[] = "an entry of the archive";
    uint64_t at = zip->at;
    uint64_t extra;
    uint32_t signature;
    int r;

    if (zip->end - at < ENTRY_BYTES)
        return damaged(view, at, what);
    r = view_u32(view, at, what, &signature);
    if (!r && signature != ENTRY_SIGNATURE)
        return damaged(view, at, what);
    if (!r)
        r = view_u16(view, at + 8, what, &record->flags);
    if (!r)
        r = view_u16(view, at + 10, what, &record->method);
    if (!r)
        r = view_u32(view, at + 20, what, &record->packed);
    if (!r)
        r = view_u32(view, at + 24, what, &record->bytes);
    if (!r)
        r = view_u16(view, at + 28, what, &record->name_size);
    if (!r)
        r = view_u16(view, at + 30, what, &record->extra_size);
    if (!r)
        r = view_u16(view, at + 32, what, &record->comment_size);
    if (!r)
        r = view_u32(view, at + 42, what, &record->local);
    if (r)
        return r;
    extra = at + ENTRY_BYTES + record->name_size;
    if (extra + record->extra_size + record->comment_size > zip->end || record->name_size == 0)
        return damaged(view, at, what);
    record->packed64 = record->packed;
    record->bytes64 = record->bytes;
    record->local64 = record->local;
    return read_extras(zip, record, extra, extra + record->extra_size);
}

/* Both headers must have the same name. */
static int compare_names(struct zip *zip, uint64_t a, uint64_t b, uint16_t size)
{
    char pieces[2][256];

    for (uint16_t done = 0; done < size;) {
        size_t count = size - done < 256 ? (size_t)(size - done) : 256;
        int r;

        r = view_read(zip->view, a + done, pieces[0], count, "a name");
        if (!r)
            r = view_read(zip->view, b + done, pieces[1], count, "a name");
        if (r)
            return r;
        if (memcmp(pieces[0], pieces[1], count) != 0)
            return damaged(zip->view, b, "the name of the entry");
        done = (uint16_t)(done + count);
    }
    return 0;
}

/* The entry's own header: gives where its bytes begin. */
static int read_local(struct zip *zip, const struct record *record, uint64_t *ret_data)
{
    static const char what[] = "the header of an entry";
    struct view *view = zip->view;
    uint64_t at = record->local64;
    uint32_t signature;
    uint16_t method;
    uint16_t name_size;
    uint16_t extra_size;
    int r;

    r = view_has(view, at, LOCAL_BYTES, what);
    if (!r)
        r = view_u32(view, at, what, &signature);
    if (!r)
        r = view_u16(view, at + 8, what, &method);
    if (!r)
        r = view_u16(view, at + 26, what, &name_size);
    if (!r)
        r = view_u16(view, at + 28, what, &extra_size);
    if (r)
        return r;
    if (signature != LOCAL_SIGNATURE || method != record->method || name_size != record->name_size)
        return damaged(view, at, what);
    r = compare_names(zip, zip->at + ENTRY_BYTES, at + LOCAL_BYTES, name_size);
    if (!r)
        *ret_data = at + LOCAL_BYTES + name_size + extra_size;
    return r;
}

static int finish(struct zip *zip, struct zip_entry *ret_entry)
{
    uint64_t at;
    int r;

    if (zip->at != zip->end)
        return damaged(zip->view, zip->at, "the directory of the archive");
    r = extents_check(&zip->extents, &at);
    if (r == EXTENTS_E_OVERLAP)
        return fault_set(zip->view->fault, FAULT_E_DAMAGED, at,
                         "two entries of the archive share the bytes from %" PRIu64 " on", at);
    if (!r)
        *ret_entry = (struct zip_entry){0};
    return r;
}

static int place(struct zip *zip, const struct record *record, uint64_t data)
{
    struct view *view = zip->view;
    int r;

    r = view_has(view, data, record->packed64, "an entry of the archive");
    if (r)
        return r;
    r = extents_add(&zip->extents, record->local64, data + record->packed64);
    return r == EXTENTS_E_FULL ? fault_set(view->fault, FAULT_E_LIMIT, zip->at,
                                           "the archive has more than %zu entries", EXTENTS_MAX)
                               : r;
}

int zip_next(struct zip *zip, struct zip_entry *ret_entry)
{
    struct record record;
    size_t shown;
    uint64_t data = 0;
    int r;

    if (zip->left == 0)
        return finish(zip, ret_entry);
    r = view_step(zip->view, zip->at);
    if (!r)
        r = read_record(zip, &record);
    if (!r)
        r = read_local(zip, &record, &data);
    if (!r)
        r = place(zip, &record, data);
    if (r)
        return r;
    if (record.method == 0 && record.packed64 != record.bytes64)
        return damaged(zip->view, zip->at, "an entry of the archive");
    shown = record.name_size < ZIP_NAME_MAX ? record.name_size : ZIP_NAME_MAX;
    *ret_entry = (struct zip_entry){
        .name_size = shown,
        .data = data,
        .packed_bytes = record.packed64,
        .bytes = record.bytes64,
        .method = record.method,
        .encrypted = record.flags & FLAG_ENCRYPTED,
    };
    r = view_read(zip->view, zip->at + ENTRY_BYTES, ret_entry->name, shown, "a name");
    for (size_t i = 0; i < shown; i++) {
        if (ret_entry->name[i] == '\0')
            ret_entry->name[i] = '?';
    }
    zip->at += ENTRY_BYTES + (uint64_t)record.name_size + record.extra_size + record.comment_size;
    zip->left--;
    return r;
}

/* ---- contents ----------------------------------------------------------------------------- */

static int unpack(struct zip *zip, const struct zip_entry *entry, const char *packed, char *bytes)
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)packed,
        .avail_in = (uInt)entry->packed_bytes,
        .next_out = (Bytef *)bytes,
        .avail_out = (uInt)entry->bytes,
    };
    int r;

    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return log_fail(ERR_NO_MEMORY, "cannot unpack an archive: out of memory");
    r = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (r == Z_MEM_ERROR)
        return log_fail(ERR_NO_MEMORY, "cannot unpack an archive: out of memory");
    if (r != Z_STREAM_END || stream.avail_out > 0)
        return damaged(zip->view, entry->data, "the packed entry");
    return 0;
}

int zip_read(struct zip *zip, const struct zip_entry *entry, char *bytes, size_t *ret_size)
{
    AUTO_FREE char *packed = NULL;
    int r;

    if (entry->bytes > ZIP_READ_MAX || entry->packed_bytes > ZIP_READ_MAX)
        return fault_set(zip->view->fault, FAULT_E_LIMIT, entry->data,
                         "the entry '%.64s' of the archive has more than %zu bytes", entry->name,
                         ZIP_READ_MAX);
    if (entry->encrypted || (entry->method != 0 && entry->method != 8))
        return fault_set(zip->view->fault, FAULT_E_DAMAGED, entry->data,
                         "the entry '%.64s' of the archive is packed in a way that nobody reads",
                         entry->name);
    *ret_size = (size_t)entry->bytes;
    if (entry->method == 0)
        return view_read(zip->view, entry->data, bytes, (size_t)entry->bytes, "an entry");
    packed = malloc((size_t)entry->packed_bytes + 1);
    if (!packed)
        return log_fail(ERR_NO_MEMORY, "cannot unpack an archive: out of memory");
    r = view_read(zip->view, entry->data, packed, (size_t)entry->packed_bytes, "an entry");
    return r ? r : unpack(zip, entry, packed, bytes);
}

void zip_release(struct zip *zip)
{
    if (!zip)
        return;
    extents_release(&zip->extents);
    *zip = (struct zip){0};
}
