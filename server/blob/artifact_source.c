/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/artifact_source.h"

#include "base/log.h"
#include "blob/read.h"

#include <stdlib.h>
#include <string.h>

static int fill(struct artifact_source *source, uint64_t offset)
{
    struct artifact_source_buffer *buffer = source->buffer;
    size_t size;
    int r;

    if (!buffer->bytes)
        buffer->bytes = malloc(BLOB_CHUNK_MAX);
    if (!buffer->bytes)
        return log_fail(ERR_NO_MEMORY, "cannot read an artifact: out of memory");
    buffer->held = NULL;
    r = read_slice(buffer->db, &source->artifact, offset, buffer->bytes, BLOB_CHUNK_MAX, &size);
    if (r)
        return r;
    buffer->held = source;
    buffer->first = offset;
    buffer->size = size;
    return 0;
}

static int read_at(void *object, uint64_t offset, void *bytes, size_t size)
{
    struct artifact_source *source = object;
    struct artifact_source_buffer *buffer = source->buffer;
    size_t done = 0;

    while (done < size) {
        uint64_t at = offset + done;
        size_t count;
        int r = 0;

        if (buffer->held != source || at < buffer->first || at - buffer->first >= buffer->size)
            r = fill(source, at);
        if (r)
            return r;
        count = buffer->size - (size_t)(at - buffer->first);
        if (count > size - done)
            count = size - done;
        memcpy((char *)bytes + done, buffer->bytes + (at - buffer->first), count);
        done += count;
    }
    return 0;
}

struct source artifact_source_of(struct artifact_source *source)
{
    return (struct source){.size = source->artifact.size_bytes, .read = read_at, .object = source};
}

void artifact_source_release(struct artifact_source_buffer *buffer)
{
    if (buffer)
        free(buffer->bytes);
}
