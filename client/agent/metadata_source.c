/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metadata_source.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_file(struct metadata_source_file *file)
{
    free(file->name);
    buffer_release(&file->bytes);
    *file = (struct metadata_source_file){0};
}

static struct metadata_source_file *find(struct metadata_source *source, const char *name)
{
    for (size_t i = 0; i < source->file_count; i++)
        if (strcmp(source->files[i].name, name) == 0)
            return &source->files[i];
    return NULL;
}

static int copy(const char *bytes, size_t size, size_t max_bytes, struct buffer *ret_bytes)
{
    if (size > max_bytes)
        return UPDATER_FETCH_E_TOO_LONG;
    buffer_append(ret_bytes, bytes, size);
    return ret_bytes->failed ? log_fail(ERR_NO_MEMORY, "cannot read metadata: out of memory") : 0;
}

/*
 * What was read once is verified and stored, or refused: it is not asked for again in this refresh,
 * and makes room. Only timestamp.json is asked for by each updater anew.
 */
static int read_file(struct metadata_source *source, struct metadata_source_file *file,
                     size_t max_bytes, struct buffer *ret_bytes)
{
    int r = file->outcome;

    if (r)
        return r;
    r = copy(file->bytes.bytes ? file->bytes.bytes : "", file->bytes.size, max_bytes, ret_bytes);
    if (strcmp(file->name, "timestamp.json") != 0) {
        release_file(file);
        *file = source->files[--source->file_count];
        source->files[source->file_count] = (struct metadata_source_file){0};
    }
    return r;
}

static int fetch(void *state, const char *name, size_t max_bytes, struct buffer *ret_bytes)
{
    struct metadata_source *source = state;
    const json_t *bundled = json_object_get(source->bundle, name);
    struct metadata_source_file *file = find(source, name);

    source->outcome = UPDATER_FETCH_E_FAILED;
    if (json_is_null(bundled)) {
        source->outcome = UPDATER_FETCH_E_MISSING;
        return UPDATER_FETCH_E_MISSING;
    }
    if (json_is_string(bundled))
        return copy(json_string_value(bundled), json_string_length(bundled), max_bytes, ret_bytes);
    if (file) {
        source->outcome = file->outcome;
        return read_file(source, file, max_bytes, ret_bytes);
    }
    if (strlen(name) >= sizeof(source->wanted) || source->file_count == METADATA_SOURCE_FILES_MAX)
        return UPDATER_FETCH_E_FAILED;
    (void)snprintf(source->wanted, sizeof(source->wanted), "%s", name);
    source->wanted_bytes_max = max_bytes;
    return UPDATER_FETCH_E_FAILED;
}

struct updater_source metadata_source_updater(struct metadata_source *source)
{
    source->wanted[0] = '\0';
    return (struct updater_source){.fetch = fetch, .state = source};
}

bool metadata_source_wants(const struct metadata_source *source)
{
    return source->wanted[0] != '\0';
}

int metadata_source_give(struct metadata_source *source, int outcome, struct buffer *bytes)
{
    struct metadata_source_file *file = &source->files[source->file_count];

    file->name = strdup(source->wanted);
    if (!file->name)
        return log_fail(ERR_NO_MEMORY, "cannot keep metadata: out of memory");
    file->outcome = outcome;
    file->bytes = *bytes;
    *bytes = (struct buffer){0};
    source->file_count++;
    source->wanted[0] = '\0';
    return 0;
}

void metadata_source_release(struct metadata_source *source)
{
    if (!source)
        return;
    while (source->file_count)
        release_file(&source->files[--source->file_count]);
    *source = (struct metadata_source){0};
}
