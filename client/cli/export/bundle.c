/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/bundle.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)512)
#define COPY_BYTES ((size_t)256 << 10)
#define OCTAL_MAX ((uint64_t)1 << 33) /* 11 octal digits */
#define MEMBERS_MAX ((size_t)1 << 20)

/* POSIX.1-1988 ustar, with what others ignore left out. */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[8]; /* "ustar\0" "00" */
    char rest[247];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static unsigned checksum(const struct header *header)
{
    struct header copy = *header;
    const uint8_t *bytes = (const uint8_t *)&copy;
    unsigned sum = 0;

    memset(copy.checksum, ' ', sizeof(copy.checksum));
    for (size_t i = 0; i < sizeof(copy); i++)
        sum += bytes[i];
    return sum;
}

static uint64_t padding(uint64_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

/* ---- writing ------------------------------------------------------------------------------ */

static int fail_write(const struct bundle_writer *writer)
{
    return output_fail(&writer->cli->output, CLI_FAILED, "make room, or choose another place",
                       "cannot write '%s': %s", writer->part, strerror(errno));
}

int bundle_create(struct cli *cli, const char *path, struct bundle_writer *ret_writer)
{
    struct bundle_writer writer = {
        .cli = cli,
        .path = path,
        .part = arena_printf(&cli->arena, "%s.part", path),
    };

    if (access(path, F_OK) == 0)
        return output_fail(&cli->output, CLI_FAILED, "remove it, or choose another name",
                           "'%s' exists", path);
    writer.file = fopen(writer.part, "we");
    if (!writer.file)
        return fail_write(&writer);
    digest_sha256_init(&writer.digest);
    *ret_writer = writer;
    return 0;
}

static int put(struct bundle_writer *writer, const void *bytes, size_t size)
{
    digest_sha256_update(&writer->digest, bytes, size);
    return fwrite(bytes, 1, size, writer->file) == size ? 0 : fail_write(writer);
}

static int put_header(struct bundle_writer *writer, const char *name, uint64_t size)
{
    struct header header = {.type = '0',
                            .magic = "ustar\0"
                                     "0"};

    header.magic[7] = '0';
    (void)snprintf(header.name, sizeof(header.name), "%s", name);
    (void)snprintf(header.mode, sizeof(header.mode), "0000644");
    (void)snprintf(header.uid, sizeof(header.uid), "0000000");
    (void)snprintf(header.gid, sizeof(header.gid), "0000000");
    (void)snprintf(header.mtime, sizeof(header.mtime), "00000000000");
    if (size < OCTAL_MAX) {
        (void)snprintf(header.size, sizeof(header.size), "%011" PRIo64, size);
    } else {
        header.size[0] = (char)0x80;
        for (size_t i = 0; i < 8; i++)
            header.size[11 - i] = (char)(uint8_t)(size >> (8 * i));
    }
    (void)snprintf(header.checksum, sizeof(header.checksum), "%06o", checksum(&header) & 0777777U);
    header.checksum[7] = ' ';
    return put(writer, &header, sizeof(header));
}

static int pad(struct bundle_writer *writer, uint64_t size)
{
    static const uint8_t zeros[BLOCK];

    return put(writer, zeros, (size_t)padding(size));
}

int bundle_add(struct bundle_writer *writer, const char *name, const void *bytes, size_t size)
{
    int r = put_header(writer, name, size);

    if (!r)
        r = put(writer, bytes, size);
    return r ? r : pad(writer, size);
}

int bundle_add_file(struct bundle_writer *writer, const char *name, const char *path, uint64_t size)
{
    AUTO_FCLOSE FILE *file = fopen(path, "re");
    AUTO_FREE char *bytes = malloc(COPY_BYTES);
    uint64_t left = size;
    int r;

    if (!file || !bytes)
        return output_fail(&writer->cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    r = put_header(writer, name, size);
    while (!r && left > 0) {
        size_t wanted = left < COPY_BYTES ? (size_t)left : COPY_BYTES;

        if (fread(bytes, 1, wanted, file) != wanted)
            return output_fail(&writer->cli->output, CLI_FAILED, "run the same command again",
                               "'%s' is shorter than it was", path);
        r = put(writer, bytes, wanted);
        left -= wanted;
    }
    return r ? r : pad(writer, size);
}

int bundle_finish(struct bundle_writer *writer, char ret_hex[static DIGEST_SHA256_HEX_SIZE])
{
    static const uint8_t zeros[2 * BLOCK];
    struct digest_sha256 digest = writer->digest;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    int r;

    digest_sha256_final(&digest, sha256);
    text_hex(sha256, sizeof(sha256), ret_hex);
    r = bundle_add(writer, BUNDLE_DIGEST, ret_hex, DIGEST_SHA256_HEX_SIZE - 1);
    if (!r)
        r = put(writer, zeros, sizeof(zeros));
    if (r)
        return r;
    if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) < 0 ||
        rename(writer->part, writer->path) < 0)
        return fail_write(writer);
    writer->part = NULL;
    return 0;
}

void bundle_abandon(struct bundle_writer *writer)
{
    if (writer->file)
        (void)fclose(writer->file);
    if (writer->file && writer->part)
        (void)unlink(writer->part);
}

/* ---- reading ------------------------------------------------------------------------------ */

int bundle_refuse(const struct bundle_reader *reader, const char *why)
{
    return output_fail(&reader->cli->output, CLI_UNVERIFIED,
                       "nothing was imported; copy it again, or export it anew",
                       "'%s' is no whole export: %s", reader->path, why);
}

static bool read_size(const struct header *header, uint64_t *ret_size)
{
    const uint8_t *bytes = (const uint8_t *)header->size;
    uint64_t size = 0;

    if (bytes[0] == 0x80) {
        for (size_t i = 4; i < sizeof(header->size); i++)
            size = size << 8 | bytes[i];
    } else {
        for (size_t i = 0; i < 11; i++) {
            if (bytes[i] < '0' || bytes[i] > '7')
                return false;
            size = size << 3 | (uint64_t)(bytes[i] - '0');
        }
    }
    *ret_size = size;
    return size <= (uint64_t)1 << 50;
}

struct scan {
    struct bundle_reader *reader;
    struct digest_sha256 digest; /* of all before the member that is read */
    uint64_t at;
    uint8_t *bytes; /* COPY_BYTES */
};

static bool take(struct scan *scan, void *bytes, size_t size)
{
    if (fread(bytes, 1, size, scan->reader->file) != size)
        return false;
    digest_sha256_update(&scan->digest, bytes, size);
    scan->at += size;
    return true;
}

static int scan_body(struct scan *scan, struct bundle_member *member)
{
    struct digest_sha256 digest;
    uint64_t left = member->size_bytes;
    size_t pad_bytes = (size_t)padding(member->size_bytes);

    digest_sha256_init(&digest);
    while (left > 0) {
        size_t wanted = left < COPY_BYTES ? (size_t)left : COPY_BYTES;

        if (!take(scan, scan->bytes, wanted))
            return bundle_refuse(scan->reader, "it was cut off");
        digest_sha256_update(&digest, scan->bytes, wanted);
        left -= wanted;
    }
    digest_sha256_final(&digest, member->sha256);
    if (!take(scan, scan->bytes, pad_bytes))
        return bundle_refuse(scan->reader, "it was cut off");
    return 0;
}

static int keep(struct bundle_reader *reader, const struct bundle_member *member)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity ? 2 * reader->capacity : 64;
        struct bundle_member *members;

        if (capacity > MEMBERS_MAX)
            return bundle_refuse(reader, "it has too many members");
        members = realloc(reader->members, capacity * sizeof(*members));
        if (!members)
            return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", reader->path);
        reader->members = members;
        reader->capacity = capacity;
    }
    reader->members[reader->count++] = *member;
    return 0;
}

/* What stands behind the digest: two blocks of zeros, and the end. */
static int check_end(struct scan *scan)
{
    for (size_t i = 0; i < 2 * BLOCK; i++) {
        if (fgetc(scan->reader->file) != 0)
            return bundle_refuse(scan->reader, "it does not end as it should");
    }
    return fgetc(scan->reader->file) == EOF
               ? 0
               : bundle_refuse(scan->reader, "something was added at its end");
}

static int check_digest(struct scan *scan, const struct digest_sha256 *before)
{
    struct digest_sha256 digest = *before;
    uint8_t actual[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    char said[DIGEST_SHA256_HEX_SIZE] = {0};

    digest_sha256_final(&digest, actual);
    text_hex(actual, sizeof(actual), hex);
    if (!take(scan, said, sizeof(said) - 1) ||
        !take(scan, scan->bytes, (size_t)padding(sizeof(said) - 1)))
        return bundle_refuse(scan->reader, "it was cut off");
    if (memcmp(hex, said, sizeof(said)) != 0)
        return bundle_refuse(scan->reader, "it was changed after it was written");
    return check_end(scan);
}

static int scan_all(struct scan *scan)
{
    struct bundle_reader *reader = scan->reader;

    while (true) {
        struct digest_sha256 before = scan->digest;
        struct bundle_member member;
        struct header header;
        char said[sizeof(header.checksum) + 1] = {0};
        int r;

        if (!take(scan, &header, sizeof(header)))
            return bundle_refuse(reader, "it was cut off");
        memcpy(said, header.checksum, sizeof(header.checksum));
        if (memcmp(header.magic, "ustar", 5) != 0 || strtoul(said, NULL, 8) != checksum(&header) ||
            header.type != '0' || header.name[sizeof(header.name) - 1] != '\0' ||
            !read_size(&header, &member.size_bytes))
            return bundle_refuse(reader, "what it holds is not what an export holds");
        if (strcmp(header.name, BUNDLE_DIGEST) == 0) {
            if (member.size_bytes != DIGEST_SHA256_HEX_SIZE - 1)
                return bundle_refuse(reader, "its digest is none");
            return check_digest(scan, &before);
        }
        member.name = arena_strdup(&reader->cli->arena, header.name);
        member.start_byte = scan->at;
        r = scan_body(scan, &member);
        if (!r)
            r = keep(reader, &member);
        if (r)
            return r;
    }
}

int bundle_open(struct cli *cli, const char *path, struct bundle_reader *ret_reader)
{
    AUTO_FREE uint8_t *bytes = malloc(COPY_BYTES);
    struct scan scan = {.reader = ret_reader, .bytes = bytes};

    *ret_reader = (struct bundle_reader){.cli = cli, .path = path};
    if (!bytes)
        return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", path);
    ret_reader->file = fopen(path, "re");
    if (!ret_reader->file)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot open '%s': %s", path,
                           strerror(errno));
    digest_sha256_init(&scan.digest);
    return scan_all(&scan);
}

const struct bundle_member *bundle_find(const struct bundle_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->count; i++) {
        if (strcmp(reader->members[i].name, name) == 0)
            return &reader->members[i];
    }
    return NULL;
}

bool bundle_member_in(const struct bundle_member *member, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(member->name, folder, length) == 0 && member->name[length] == '/';
}

int bundle_read(struct bundle_reader *reader, const struct bundle_member *member,
                struct buffer *bytes)
{
    AUTO_FREE char *text = NULL;
    uint8_t sha256[DIGEST_SHA256_SIZE];

    if (member->size_bytes > bytes->ceiling)
        return bundle_refuse(reader,
                             arena_printf(&reader->cli->arena, "'%s' is too large", member->name));
    text = malloc((size_t)member->size_bytes + 1);
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", reader->path);
    if (fseeko(reader->file, (off_t)member->start_byte, SEEK_SET) < 0 ||
        fread(text, 1, (size_t)member->size_bytes, reader->file) != member->size_bytes)
        return bundle_refuse(reader, "it was cut off while it was read");
    digest_sha256(text, (size_t)member->size_bytes, sha256);
    if (memcmp(sha256, member->sha256, sizeof(sha256)) != 0)
        return bundle_refuse(reader, "it was changed while it was read");
    buffer_append(bytes, text, (size_t)member->size_bytes);
    return bytes->failed ? log_fail(ERR_NO_MEMORY, "out of memory") : 0;
}

void bundle_close(struct bundle_reader *reader)
{
    if (reader->file)
        (void)fclose(reader->file);
    free(reader->members);
}
