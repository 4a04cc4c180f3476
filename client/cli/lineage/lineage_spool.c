/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/lineage_spool.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/place.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 10000
#define SERVER_DIGITS 16
#define ENDING ".json"

/* The folder of this server's events; NULL where there is no home. */
static const char *folder_of(const struct server *server)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    struct arena *arena = &server->cli->arena;
    const char *path;

    digest_sha256(server->url, strlen(server->url), digest);
    text_hex(digest, sizeof(digest), hex);
    if (place_state(arena, arena_printf(arena, "lineage/%.*s", SERVER_DIGITS, hex), &path))
        return NULL;
    return path;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Whether it may be taken later: the server is away or busy, or the token is not (yet) good. */
static bool may_be_taken_later(int outcome, int status)
{
    return outcome || status >= 500 || status == 401 || status == 403 || status == 404 ||
           status == 408 || status == 429;
}

static enum lineage_spool_fate post(struct server *server, const char *text, size_t size,
                                    const char **ret_why)
{
    static const struct http_header json = {"Content-Type", "application/json"};
    CLEANUP(http_response_release) struct http_response response = {0};
    const struct http_request request = {
        .method = "POST",
        .url = SERVER_ADDRESS(server, "lineage"),
        .token = server->token,
        .headers = &json,
        .header_count = 1,
        .body = text,
        .body_size = size,
        .timeout_ms = TIMEOUT_MS,
    };
    char why[HTTP_ERROR_SIZE + 200] = "";
    int r;

    r = http_request(server->http, &request, &response);
    if (r == 0 && response.status >= 200 && response.status <= 299)
        return LINEAGE_SPOOL_SENT;
    http_response_explain(&response, why, sizeof(why));
    *ret_why = arena_strdup(&server->cli->arena, why);
    return may_be_taken_later(r, response.status) ? LINEAGE_SPOOL_KEPT : LINEAGE_SPOOL_LOST;
}

/* ---- keeping --------------------------------------------------------------------------------- */

struct names {
    char **names;
    size_t count;
    size_t room;
};

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
}

static void cleanup_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 64;
        char **more = realloc(names->names, room * sizeof(*more));

        if (!more)
            return false;
        names->names = more;
        names->room = room;
    }
    names->names[names->count] = strdup(name);
    return names->names[names->count] && ++names->count;
}

/* The files in the folder, oldest first: their names begin with a time. */
static void list(const char *folder, struct names *names)
{
    CLEANUP(cleanup_dir) DIR *dir = opendir(folder);
    size_t ending = strlen(ENDING);

    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        size_t length = strlen(entry->d_name);

        if (length > ending && strcmp(entry->d_name + length - ending, ENDING) == 0 &&
            (names->count >= 2 * (size_t)LINEAGE_SPOOL_EVENTS_MAX ||
             !add_name(names, entry->d_name)))
            break;
    }
    if (names->count)
        qsort(names->names, names->count, sizeof(*names->names), compare_names);
}

static enum lineage_spool_fate keep(struct server *server, const char *text, size_t size,
                                    const char **ret_why)
{
    CLEANUP(names_release) struct names names = {0};
    struct arena *arena = &server->cli->arena;
    const char *folder = folder_of(server);
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];
    const char *path;

    if (!folder) {
        *ret_why = "neither XDG_STATE_HOME nor HOME is set: there is no place to keep it";
        return LINEAGE_SPOOL_LOST;
    }
    list(folder, &names);
    if (names.count >= LINEAGE_SPOOL_EVENTS_MAX) {
        *ret_why = arena_printf(arena,
                                "%d events are waiting in %s already; send them: "
                                "modelferry lineage send",
                                LINEAGE_SPOOL_EVENTS_MAX, folder);
        return LINEAGE_SPOOL_LOST;
    }
    secret_random(random, sizeof(random));
    text_hex(random, sizeof(random), hex);
    path = arena_printf(arena, "%s/%016" PRId64 "-%s" ENDING, folder,
                        clock_wall_ms(server->cli->clock), hex);
    if (place_make_parent(path) || file_create(AT_FDCWD, path, text, size, 0600)) {
        *ret_why = arena_printf(arena, "it could not be kept in %s", folder);
        return LINEAGE_SPOOL_LOST;
    }
    return LINEAGE_SPOOL_KEPT;
}

enum lineage_spool_fate lineage_spool_send(struct server *server, const json_t *event,
                                           const char **ret_why)
{
    AUTO_FREE char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    enum lineage_spool_fate fate;

    if (!text) {
        *ret_why = "out of memory";
        return LINEAGE_SPOOL_LOST;
    }
    fate = post(server, text, strlen(text), ret_why);
    return fate == LINEAGE_SPOOL_KEPT ? keep(server, text, strlen(text), ret_why) : fate;
}

void lineage_spool_flush(struct server *server, size_t *ret_sent, size_t *ret_left,
                         const char **ret_why)
{
    CLEANUP(names_release) struct names names = {0};
    const char *folder = folder_of(server);

    *ret_sent = 0;
    *ret_left = 0;
    *ret_why = NULL;
    if (!folder)
        return;
    list(folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = arena_printf(&server->cli->arena, "%s/%s", folder, names.names[i]);
        AUTO_FREE char *text = NULL;
        enum lineage_spool_fate fate = LINEAGE_SPOOL_LOST;
        const char *why = "it cannot be read";
        size_t size;

        if (file_read(AT_FDCWD, path, OPENLINEAGE_EVENT_MAX, &text, &size) == 0)
            fate = post(server, text, size, &why);
        if (fate == LINEAGE_SPOOL_KEPT) {
            *ret_left += names.count - i;
            *ret_why = *ret_why ? *ret_why : why;
            return;
        }
        if (fate == LINEAGE_SPOOL_SENT) {
            (void)unlink(path);
            ++*ret_sent;
            continue;
        }
        /* It stands in nobody's way, and is there to be looked at. */
        *ret_why = *ret_why ? *ret_why : arena_printf(&server->cli->arena, "%s: %s", path, why);
        (void)rename(path, arena_printf(&server->cli->arena, "%s.refused", path));
    }
}
