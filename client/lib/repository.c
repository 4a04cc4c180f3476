/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/repository.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "tuf/rolename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define METADATA_TIMEOUT_MS 60000
#define BLOCK_BYTES 65536

char *repository_url(struct arena *arena, const char *base, const char *name)
{
    size_t length = strlen(base);
    const char *slash = length && base[length - 1] == '/' ? "" : "/";
    char *url = arena_printf(arena, "%s%s", base, slash);

    for (const char *segment = name; segment;) {
        const char *end = strchr(segment, '/');
        size_t size = end ? (size_t)(end - segment) : strlen(segment);

        url = arena_printf(arena, "%s%s%s", url,
                           rolename_quote(arena, arena_strndup(arena, segment, size)),
                           end ? "/" : "");
        segment = end ? end + 1 : NULL;
    }
    return url;
}

/* ---- metadata -------------------------------------------------------------------------------- */

static int classify_status(struct repository *repository, const struct http_response *response)
{
    if (response->status == 200)
        return 0;
    http_response_explain(response, repository->error, sizeof(repository->error));
    if (response->status == 403 || response->status == 404 || response->status == 410)
        return UPDATER_FETCH_E_MISSING;
    return UPDATER_FETCH_E_FAILED;
}

/* name is percent-encoded already. */
static int fetch(void *state, const char *name, size_t max_bytes, struct buffer *ret_bytes)
{
    struct repository *repository = state;
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(http_response_release) struct http_response response = {0};
    const char *base = repository->metadata_url;
    size_t length = strlen(base);
    struct http_request request = {
        .url = arena_printf(&arena, "%s%s%s", base, length && base[length - 1] == '/' ? "" : "/",
                            name),
        .token = repository->token,
        .response_bytes_max = max_bytes,
        .timeout_ms = METADATA_TIMEOUT_MS,
    };
    int r = http_request(repository->http, &request, &response);

    if (r < 0)
        return r;
    if (r > 0) {
        (void)snprintf(repository->error, sizeof(repository->error), "%s", response.error);
        return r == HTTP_E_TOO_LARGE ? UPDATER_FETCH_E_TOO_LONG : UPDATER_FETCH_E_FAILED;
    }
    r = classify_status(repository, &response);
    if (r)
        return r;
    buffer_append(ret_bytes, response.body.bytes ? response.body.bytes : "", response.body.size);
    return ret_bytes->failed ? UPDATER_FETCH_E_TOO_LONG : 0;
}

struct updater_source repository_source(struct repository *repository)
{
    return (struct updater_source){.fetch = fetch, .state = repository};
}

/* ---- targets --------------------------------------------------------------------------------- */

/* A file that is being written, hashed on the way. */
struct landing {
    int fd;
    struct metadata_hasher hasher;
};

static int land(void *state, const void *bytes, size_t size)
{
    struct landing *landing = state;

    metadata_hasher_update(&landing->hasher, bytes, size);
    return file_write_all(landing->fd, bytes, size);
}

static int receive(struct repository *repository, const char *url,
                   const struct metadata_target *target, struct landing *landing)
{
    CLEANUP(http_response_release) struct http_response response = {0};
    struct http_request request = {
        .url = url,
        .token = repository->token,
        .on_body = land,
        .state = landing,
        .stream_bytes_max = target->length ? (uint64_t)target->length : 1,
    };
    int r = http_request(repository->http, &request, &response);

    if (r < 0)
        return r;
    if (r > 0) {
        (void)snprintf(repository->error, sizeof(repository->error), "%s", response.error);
        return r == HTTP_E_TOO_LARGE ? REPOSITORY_E_MISMATCH : REPOSITORY_E_FAILED;
    }
    if (classify_status(repository, &response))
        return REPOSITORY_E_FAILED;
    if (metadata_hasher_matches(&landing->hasher, target))
        return 0;
    (void)snprintf(repository->error, sizeof(repository->error),
                   "'%.80s' is not what the metadata promised (length or hash)", target->path);
    return REPOSITORY_E_MISMATCH;
}

static int put_in_place(const char *partial, int fd, const char *path)
{
    if (fsync(fd) < 0)
        return log_fail_errno("cannot sync '%s'", partial);
    if (rename(partial, path) < 0)
        return log_fail_errno("cannot rename '%s' to '%s'", partial, path);
    return 0;
}

int repository_download(struct repository *repository, const char *targets_url, const char *name,
                        const struct metadata_target *target, const char *path)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *partial = arena_printf(&arena, "%s.part", path);
    AUTO_CLOSE int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    struct landing landing = {.fd = fd};
    int r;

    if (fd < 0)
        return log_fail_errno("cannot create '%s'", partial);
    metadata_hasher_init(&landing.hasher);
    r = receive(repository, repository_url(&arena, targets_url, name), target, &landing);
    if (!r)
        r = put_in_place(partial, fd, path);
    if (r)
        (void)unlink(partial);
    return r;
}

int repository_has(const struct metadata_target *target, const char *path, bool *ret_has)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct metadata_hasher hasher;
    char block[BLOCK_BYTES];

    if (fd < 0 && errno != ENOENT)
        return log_fail_errno("cannot open '%s'", path);
    metadata_hasher_init(&hasher);
    for (ssize_t count = 1; fd >= 0 && count > 0;) {
        count = read(fd, block, sizeof(block));
        if (count < 0 && errno != EINTR)
            return log_fail_errno("cannot read '%s'", path);
        if (count > 0)
            metadata_hasher_update(&hasher, block, (size_t)count);
        if (count < 0)
            count = 1;
    }
    *ret_has = fd >= 0 && metadata_hasher_matches(&hasher, target);
    return 0;
}
