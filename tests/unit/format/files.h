/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_H
#define FILES_H

#include "base/cleanup.h"
#include "base/file.h"
#include "format/format.h"
#include "format/info_json.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>

#ifndef TEST_DATA
#define TEST_DATA "tests/data"
#endif

/* Files of tests/data in memory, whole, cut, and with every bit wrong. */
struct bytes {
    char *bytes;
    size_t size;
};

static inline struct bytes bytes_of(const char *name)
{
    struct bytes file = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
    ck_assert_int_eq(file_read(AT_FDCWD, path, (size_t)1 << 20, &file.bytes, &file.size), 0);
    return file;
}

static inline void bytes_release(struct bytes *file)
{
    free(file->bytes);
}

/* What a reader said. */
struct said {
    struct arena arena;
    struct format_info info;
    struct fault fault;
    json_t *json; /* NULL unless it was read */
    int result;
};

static inline void said_release(struct said *said)
{
    json_decref(said->json);
    arena_release(&said->arena);
}

/* What is read is written, read again, and written to the same. */
static inline void check_json(struct said *said)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct format_info again;
    struct fields_error error;

    said->json = info_json_encode(&said->info);
    ck_assert_ptr_nonnull(said->json);
    ck_assert_msg(info_json_decode(said->json, &arena, &again, &error) == 0, "%s", error.text);
    json_auto_t *second = info_json_encode(&again);
    ck_assert(json_equal(said->json, second));
}

/* File 0 of some; of a copy that ends where the bytes end, so that AddressSanitizer sees further.
 */
static inline struct said read_set(const struct format_file *files, size_t count,
                                   const char *format)
{
    struct format_set set = {files, count, NULL};
    struct said said = {0};

    said.result = format_read(&set, 0, format ? format_find(format) : NULL, &said.arena, &said.info,
                              &said.fault);
    if (said.result == 0) {
        check_json(&said);
    } else {
        ck_assert_int_gt(said.result, 0);
        ck_assert_int_eq(said.fault.outcome, said.result);
        ck_assert_str_ne(said.fault.text, "");
    }
    return said;
}

static inline struct said read_bytes(const void *bytes, size_t size, const char *name,
                                     const char *format)
{
    char *exact = malloc(size ? size : 1);
    struct format_file file = {.name = name};
    struct said said;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, bytes, size);
    file.source = source_memory(exact, size);
    said = read_set(&file, 1, format);
    free(exact);
    return said;
}

static inline struct said read_file(const char *name, const char *format)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(name);
    const char *slash = strrchr(name, '/');

    return read_bytes(file.bytes, file.size, slash ? slash + 1 : name, format);
}

/* Whether a file that was cut after so many bytes is one all the same; of most formats none is. */
typedef bool still_whole(const struct bytes *file, size_t size);

static inline void refuses_every_cut(const char *name, const char *format, still_whole *whole)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(name);

    for (size_t size = 0; size < file.size; size++) {
        CLEANUP(said_release) struct said said = read_bytes(file.bytes, size, name, format);

        if (said.result == 0 && !(whole && whole(&file, size)))
            ck_abort_msg("%s: the first %zu of %zu bytes are taken for a whole", name, size,
                         file.size);
    }
}

static inline void survives_every_bit(const char *name, const char *format)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(name);

    for (size_t i = 0; i < file.size * 8; i++) {
        struct said said;

        file.bytes[i / 8] ^= (char)(1 << i % 8);
        said = read_bytes(file.bytes, file.size, name, format);
        said_release(&said);
        file.bytes[i / 8] ^= (char)(1 << i % 8);
    }
}

/* Writes value, of size bytes and little-endian, over the file at offset. */
static inline void put(struct bytes *file, size_t offset, uint64_t value, size_t size)
{
    ck_assert_uint_le(offset + size, file->size);
    for (size_t i = 0; i < size; i++)
        file->bytes[offset + i] = (char)(value >> 8 * i);
}

/* Where in the file these bytes first are. */
static inline size_t place_of(const struct bytes *file, const void *bytes, size_t size)
{
    const char *found = memmem(file->bytes, file->size, bytes, size);

    ck_assert_ptr_nonnull(found);
    return (size_t)(found - file->bytes);
}

#define ck_assert_fault(said, code, words)                                                         \
    do {                                                                                           \
        ck_assert_int_eq((said).result, (code));                                                   \
        ck_assert_msg(strstr((said).fault.text, (words)), "'%s' does not say '%s'",                \
                      (said).fault.text, (words));                                                 \
    } while (0)

/* What a reader said, as text: "inputs[0].type" and so on would be a language of its own. */
static inline void ck_assert_json(const struct said *said, const char *expected)
{
    json_error_t error;
    json_auto_t *value = json_loads(expected, 0, &error);

    ck_assert_msg(value != NULL, "%s", error.text);
    ck_assert_msg(said->result == 0, "%s", said->fault.text);
    if (!json_equal(value, said->json)) {
        char *text = json_dumps(said->json, JSON_INDENT(1) | JSON_SORT_KEYS);

        ck_abort_msg("it is %s", text);
    }
}

#endif
