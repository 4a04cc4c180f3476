/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/blob.h"

#include "base/clock.h"
#include "base/log.h"
#include "blob/cache.h"
#include "blob/read.h"

#include <stdlib.h>
#include <string.h>

#define UPLOAD_EXPIRY_DEFAULT_MS ((int64_t)24 * 3600 * 1000)
/* Each holds a slice of 1 MiB. */
#define STREAMS_MAX 64

int blob_new(const struct blob_config *config, struct blob **ret_blob)
{
    struct blob *blob = calloc(1, sizeof(*blob));
    int r;

    if (!blob)
        return log_fail(ERR_NO_MEMORY, "cannot start: out of memory");
    blob->pool = config->pool;
    blob->streams_max = STREAMS_MAX;
    blob->upload_expiry_ms =
        config->upload_expiry_ms > 0 ? config->upload_expiry_ms : UPLOAD_EXPIRY_DEFAULT_MS;
    if (config->cache_directory && config->cache_limit_bytes > 0) {
        r = cache_new(&(struct cache_config){.directory = config->cache_directory,
                                             .limit_bytes = config->cache_limit_bytes,
                                             .pool = config->pool,
                                             .clock = clock_system()},
                      &blob->cache);
        if (r) {
            blob_free(blob);
            return r;
        }
    }
    *ret_blob = blob;
    return 0;
}

void blob_free(struct blob *blob)
{
    if (!blob)
        return;
    cache_free(blob->cache);
    free(blob);
}

static int read_object(void *object, void *worker, uint64_t offset, void *bytes, size_t capacity,
                       size_t *ret_size)
{
    return read_slice(worker, object, offset, bytes, capacity, ret_size);
}

int blob_open(struct blob *blob, const struct blob_artifact *artifact, struct blob_bytes *ret_bytes)
{
    struct blob_artifact *object;
    int fd;

    if (blob->cache && cache_open(blob->cache, artifact, &fd) == 0) {
        *ret_bytes = (struct blob_bytes){.fd = fd};
        return 0;
    }
    object = malloc(sizeof(*object));
    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot read an artifact: out of memory");
    *object = *artifact;
    *ret_bytes = (struct blob_bytes){.fd = -1, .object = object, .read = read_object};
    return 0;
}
