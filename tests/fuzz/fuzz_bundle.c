/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exports, and the index in them: what opens is whole, each member reads back as the bytes that lie
 * at its place in the file, and everything in an index that is believed has a name of its kind.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "cli/export/bundle.h"
#include "cli/export/export_index.h"
#include "crypto/text.h"
#include "model/name.h"
#include "tuf/canon.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMBER_MAX ((size_t)1 << 20)
#define TRAILER ((size_t)2048) /* a header, a block with the digest, two of zeros */

static void check_index(struct arena *arena, const struct buffer *bytes)
{
    struct export_index index;
    struct fields_error error = {0};
    json_t *json = NULL;
    size_t versions = 0;
    int r;

    if (canon_parse(bytes->bytes, bytes->size, MEMBER_MAX, &json, &error))
        return;
    r = export_index_read(json, arena, &index, &error);
    FUZZ_HOLDS(r != EXPORT_INDEX_E_INVALID || error.text[0]);
    for (size_t i = 0; !r && i < index.model_count; i++) {
        FUZZ_HOLDS(name_check(index.models[i].name) == NULL);
        versions += index.models[i].version_count;
        for (size_t j = 0; j < index.models[i].version_count; j++)
            FUZZ_HOLDS(name_check_version(index.models[i].versions[j].version) == NULL);
    }
    FUZZ_HOLDS(r || versions == index.version_count);
    json_decref(json);
}

static void check_members(struct bundle_reader *reader, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < reader->count; i++) {
        CLEANUP(buffer_release) struct buffer bytes = BUFFER(MEMBER_MAX);
        const struct bundle_member *member = &reader->members[i];
        int r = bundle_read(reader, member, &bytes);

        FUZZ_HOLDS(member->start_byte <= size && member->size_bytes <= size - member->start_byte);
        FUZZ_HOLDS(strlen(member->name) <= BUNDLE_NAME_MAX && bundle_find(reader, member->name));
        FUZZ_HOLDS((r == 0) == (member->size_bytes <= MEMBER_MAX));
        if (r)
            continue;
        FUZZ_HOLDS(bytes.size == member->size_bytes);
        FUZZ_HOLDS(bytes.size == 0 ||
                   memcmp(bytes.bytes, data + member->start_byte, bytes.size) == 0);
        if (strcmp(member->name, BUNDLE_INDEX) == 0 && bytes.size > 0)
            check_index(&reader->cli->arena, &bytes);
    }
}

static void open_bytes(const uint8_t *data, size_t size)
{
    struct cli cli = {
        .output = {.out = fopen("/dev/null", "we"), .err = fopen("/dev/null", "we")}
    };
    struct bundle_reader reader;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    char path[32];

    FUZZ_HOLDS(cli.output.out && cli.output.err && fd >= 0);
    FUZZ_HOLDS(write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (bundle_open(&cli, path, &reader) == 0)
        check_members(&reader, data, size);
    bundle_close(&reader);
    (void)fclose(cli.output.out);
    (void)fclose(cli.output.err);
    (void)close(fd);
    arena_release(&cli.arena);
}

/* What an editor would append: the digest of all before it, which is right. */
static size_t seal(const uint8_t *data, size_t size, uint8_t trailer[static TRAILER])
{
    static const char sized[] = "00000000100"; /* 64, the digits of the digest */
    uint8_t sha256[DIGEST_SHA256_SIZE];
    unsigned sum = 8 * ' ';

    memset(trailer, 0, TRAILER);
    memcpy(trailer, BUNDLE_DIGEST, strlen(BUNDLE_DIGEST));
    memcpy(trailer + 124, sized, strlen(sized));
    trailer[156] = '0';
    memcpy(trailer + 257, "ustar", 5);
    for (size_t i = 0; i < 512; i++)
        sum += trailer[i];
    (void)snprintf((char *)trailer + 148, 8, "%06o", sum);
    digest_sha256(data, size, sha256);
    text_hex(sha256, sizeof(sha256), (char *)trailer + 512);
    return TRAILER;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    AUTO_FREE uint8_t *sealed = malloc(size + TRAILER);
    struct buffer index = {.bytes = (char *)data, .size = size, .ceiling = MEMBER_MAX};

    FUZZ_HOLDS(sealed != NULL);
    open_bytes(data, size);
    memcpy(sealed, data, size);
    open_bytes(sealed, size + seal(data, size, sealed + size));
    if (size > 0)
        check_index(&arena, &index);
    return 0;
}
