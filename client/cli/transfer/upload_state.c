/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/upload_state.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/place.h"
#include "crypto/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 128
#define SERVER_DIGITS 16

static const char id_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

static bool is_id(const char *text)
{
    size_t length = strspn(text, id_characters);

    return length > 0 && length <= ID_MAX && text[length] == '\0';
}

/* NULL where there is no home. */
static const char *state_path(struct arena *arena, const char *server_url, const uint8_t *sha256)
{
    uint8_t server[DIGEST_SHA256_SIZE];
    char server_hex[DIGEST_SHA256_HEX_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    const char *path;

    digest_sha256(server_url, strlen(server_url), server);
    text_hex(server, sizeof(server), server_hex);
    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    if (place_state(arena, arena_printf(arena, "uploads/%.*s-%s", SERVER_DIGITS, server_hex, hex),
                    &path))
        return NULL;
    return path;
}

const char *upload_state_read(struct arena *arena, const char *server_url,
                              const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    const char *path = state_path(arena, server_url, sha256);
    AUTO_FREE char *text = NULL;

    if (!path || file_read(AT_FDCWD, path, ID_MAX, &text, NULL) || !is_id(text))
        return NULL;
    return arena_strdup(arena, text);
}

void upload_state_write(const char *server_url, const uint8_t sha256[static DIGEST_SHA256_SIZE],
                        const char *id)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = state_path(&arena, server_url, sha256);
    int r;

    if (!path || place_make_parent(path))
        return;
    r = file_replace(AT_FDCWD, path, id, strlen(id), 0600);
    (void)r; /* logged; the upload goes on, it only cannot be resumed */
}

void upload_state_forget(const char *server_url, const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = state_path(&arena, server_url, sha256);

    if (path)
        (void)unlink(path);
}

const char *upload_state_id(struct arena *arena, const char *location)
{
    size_t length = location ? strcspn(location, "?#") : 0;
    const char *end = location + length;
    const char *start = end;
    const char *id;

    if (!location)
        return NULL;
    while (start > location && start[-1] != '/')
        start--;
    id = arena_strndup(arena, start, (size_t)(end - start));
    return is_id(id) ? id : NULL;
}
