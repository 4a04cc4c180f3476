/* SPDX-License-Identifier: Apache-2.0 */
#include "format/zip.h"

#include "files.h"
#include "suite.h"

#define FILE_NAME "formats/tiny.dlc"

/* The three records that every archive has, by their signatures. */
#define LOCAL "PK\3\4"
#define ENTRY "PK\1\2"
#define END "PK\5\6"

struct listed {
    struct zip_entry entries[8];
    size_t count;
    int result;
    struct fault fault;
};

static struct listed list(const struct bytes *file)
{
    CLEANUP(view_release) struct view view = {0};
    CLEANUP(zip_release) struct zip zip = {0};
    struct source source = source_memory(file->bytes, file->size);
    struct listed listed = {0};

    view_init(&view, &source, NULL, &listed.fault);
    listed.result = zip_open(&zip, &view);
    while (!listed.result && listed.count < ARRAY_LEN(listed.entries)) {
        listed.result = zip_next(&zip, &listed.entries[listed.count]);
        if (listed.result || listed.entries[listed.count].name_size == 0)
            break;
        listed.count++;
    }
    return listed;
}

START_TEST(lists_entries)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);
    struct listed listed = list(&file);

    ck_assert_int_eq(listed.result, 0);
    ck_assert_uint_eq(listed.count, 3);
    ck_assert_str_eq(listed.entries[0].name, "model");
    ck_assert_str_eq(listed.entries[2].name, "dlc.metadata");
    ck_assert_uint_eq(listed.entries[1].bytes, 64);
    ck_assert_uint_eq(listed.entries[2].method, 8);
}
END_TEST

START_TEST(unpacks_small_entries)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);
    CLEANUP(view_release) struct view view = {0};
    CLEANUP(zip_release) struct zip zip = {0};
    struct source source = source_memory(file.bytes, file.size);
    struct listed listed = list(&file);
    struct zip_entry entry = listed.entries[2];
    static char bytes[ZIP_READ_MAX];
    struct fault fault;
    size_t size;

    view_init(&view, &source, NULL, &fault);
    ck_assert_int_eq(zip_open(&zip, &view), 0);
    ck_assert_int_eq(zip_read(&zip, &entry, bytes, &size), 0);
    ck_assert_uint_eq(size, entry.bytes);
    ck_assert_mem_eq(bytes, "model-version=1\n", 16);

    entry.bytes--; /* it has more than it says */
    ck_assert_int_eq(zip_read(&zip, &entry, bytes, &size), FAULT_E_DAMAGED);
    entry.bytes += 2; /* or less */
    ck_assert_int_eq(zip_read(&zip, &entry, bytes, &size), FAULT_E_DAMAGED);
    entry.bytes = ZIP_READ_MAX + 1;
    ck_assert_int_eq(zip_read(&zip, &entry, bytes, &size), FAULT_E_LIMIT);
    entry.bytes = 1;
    entry.encrypted = true;
    ck_assert_int_eq(zip_read(&zip, &entry, bytes, &size), FAULT_E_DAMAGED);
}
END_TEST

/* A field of the first record with that signature. */
START_TEST(refuses_directories_that_lie)
{
    static const struct {
        const char *record;
        size_t at;
        uint64_t value;
        size_t size;
        const char *words;
    } rows[] = {
        {LOCAL, 8,  8,          2, "header of an entry"     }, /* packed otherwise than the directory says */
        {LOCAL, 26, 4,          2, "header of an entry"     }, /* a shorter name */
        {LOCAL, 30, 'x',        1, "the name of the entry"  }, /* another name */
        {LOCAL, 0,  0,          4, "does not begin"         },
        {ENTRY, 0,  0,          4, "an entry of the archive"},
        {ENTRY, 20, 65,         4, "an entry of the archive"}, /* stored, but of two lengths */
        {ENTRY, 28, 0xffff,     2, "an entry of the archive"},
        {ENTRY, 28, 0,          2, "an entry of the archive"},
        {ENTRY, 42, 0xfffffff0, 4, "the file ends"          },
        {ENTRY, 42, 1,          4, "header of an entry"     },
        {END,   10, 4,          2, "the end of the archive" }, /* one entry more than there are */
        {END,   10, 2,          2, "the directory"          }, /* one less */
        {END,   10, 0xfffe,     2, "the end of the archive" },
        {END,   12, 0xfffffff0, 4, "the end of the archive" },
        {END,   16, 0xfffffff0, 4, "the end of the archive" },
        {END,   16, 0,          4, "an entry of the archive"},
        {END,   20, 1,          2, "no directory"           },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);
        struct listed listed;

        put(&file, place_of(&file, rows[i].record, 4) + rows[i].at, rows[i].value, rows[i].size);
        listed = list(&file);
        ck_assert_msg(listed.result > 0, "row %zu is taken", i);
        ck_assert_msg(strstr(listed.fault.text, rows[i].words), "row %zu: %s", i,
                      listed.fault.text);
    }
}
END_TEST

/* Two entries of the directory for one entry of the file. */
START_TEST(refuses_entries_that_overlap)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of("formats/checkpoint.pt");
    size_t first = place_of(&file, ENTRY, 4);
    size_t size = 46 + strlen("archive/data.pkl");
    struct listed listed;

    /* "archive/data/0" and "archive/version" become the first entry again: same length or not,
     * their headers do not match; so take the very same bytes twice */
    AUTO_FREE char *bytes = malloc(file.size + size);
    size_t end = place_of(&file, END, 4);
    struct bytes twice = {bytes, file.size + size};

    memcpy(bytes, file.bytes, end);
    memcpy(bytes + end, file.bytes + first, size);
    memcpy(bytes + end + size, file.bytes + end, file.size - end);
    put(&twice, end + size + 8, 4, 2);
    put(&twice, end + size + 10, 4, 2);
    put(&twice, end + size + 12, end + size - first, 4);
    listed = list(&twice);
    ck_assert_int_eq(listed.result, FAULT_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(listed.fault.text, "share the bytes"));
}
END_TEST

/* ZIP64: the same archive with its end in 64 bits. */
START_TEST(reads_zip64)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);
    size_t end = place_of(&file, END, 4);
    size_t start = place_of(&file, ENTRY, 4);
    AUTO_FREE char *bytes = calloc(1, file.size + 76);
    struct bytes big = {bytes, file.size + 76};
    struct listed listed;

    memcpy(bytes, file.bytes, end);
    memcpy(bytes + end, "PK\6\6", 4);
    put(&big, end + 4, 44, 8);
    put(&big, end + 24, 3, 8);
    put(&big, end + 32, 3, 8);
    put(&big, end + 40, end - start, 8);
    put(&big, end + 48, start, 8);
    memcpy(bytes + end + 56, "PK\6\7", 4);
    put(&big, end + 64, end, 8);
    put(&big, end + 72, 1, 4);
    memcpy(bytes + end + 76, file.bytes + end, 22);
    put(&big, end + 76 + 10, 0xffff, 2);
    put(&big, end + 76 + 12, 0xffffffff, 4);
    put(&big, end + 76 + 16, 0xffffffff, 4);
    listed = list(&big);
    ck_assert_msg(listed.result == 0, "%s", listed.fault.text);
    ck_assert_uint_eq(listed.count, 3);

    put(&big, end + 32, UINT64_MAX, 8); /* so many entries */
    ck_assert_int_eq(list(&big).result, FAULT_E_DAMAGED);
    put(&big, end + 32, 3, 8);
    put(&big, end + 48, UINT64_MAX, 8);
    ck_assert_int_eq(list(&big).result, FAULT_E_DAMAGED);
    put(&big, end + 64, UINT64_MAX, 8);
    ck_assert_int_eq(list(&big).result, FAULT_E_TRUNCATED);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/zip", lists_entries, unpacks_small_entries,
                     refuses_directories_that_lie, refuses_entries_that_overlap, reads_zip64);
}
