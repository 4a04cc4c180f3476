/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_roots.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "lib/metadir.h"
#include "tuf/role.h"

#include <string.h>
#include <unistd.h>

DEFINE_CLEANUP(cleanup_updater, struct updater *, updater_free);

static bool is_image(const char *repository)
{
    return strcmp(repository, "image") == 0;
}

static const char *folder(const struct trust *trust, const char *repository)
{
    return is_image(repository) ? trust->image_dir : trust->director_dir;
}

bool trust_roots_pinned(const struct trust *trust, const char *repository)
{
    return access(
               arena_printf(&trust->server->cli->arena, "%s/root.json", folder(trust, repository)),
               F_OK) == 0;
}

/* The director's roots are had from the API, by their number: "2.root.json" is roots/2. */
static int fetch_director(void *state, const char *name, size_t max_bytes, struct buffer *ret_bytes)
{
    struct repository *roots = state;
    struct updater_source source = repository_source(roots);
    char number[24] = "";
    size_t digits = strspn(name, "0123456789");

    if (digits == 0 || digits >= sizeof(number) || strcmp(name + digits, ".root.json") != 0)
        return UPDATER_FETCH_E_MISSING;
    memcpy(number, name, digits);
    return source.fetch(source.state, number, max_bytes, ret_bytes);
}

/* Parsed, not verified: what is stored was, or was signed here. */
static int read_stored(struct trust *trust, const char *repository, struct metadata *ret_root)
{
    struct updater_store store = metadir_store(folder(trust, repository));
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(updater_limits_default.root_bytes);
    struct reason reason = {{0}};
    int r = store.load(store.state, "root", bytes.ceiling, &bytes);

    if (!r)
        r = metadata_parse(METADATA_ROOT, bytes.bytes, bytes.size, ret_root, &reason);
    return r > 0 ? log_fail(ERR_INTERNAL, "a trusted root cannot be read: %s", reason.text) : r;
}

/* ---- a first root that waited for signatures ----------------------------------------------- */

static bool is_signed(const struct metadata *root)
{
    struct tuf_role role = role_of_root(root, METADATA_ROOT);
    struct reason reason;

    return role_verify(&role, root, &reason) == 0;
}

static int fetch_first(struct trust *trust, const char *repository, struct buffer *bytes,
                       struct metadata *ret_root)
{
    struct server *server = trust->server;
    struct reason reason = {{0}};
    int r = server_get_bytes(server, "ask for the first root",
                             SERVER_ADDRESS(server, "tuf", repository, "roots", "1"), bytes);

    if (!r)
        r = metadata_parse(METADATA_ROOT, bytes->bytes, bytes->size, ret_root, &reason);
    return r == METADATA_E_FORMAT
               ? output_fail(&server->cli->output, CLI_UNVERIFIED, NULL,
                             "the server's first root cannot be read: %s", reason.text)
               : r;
}

static int complete(struct trust *trust, const char *repository, const struct metadata *pinned)
{
    struct updater_store store = metadir_store(folder(trust, repository));
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(updater_limits_default.root_bytes);
    CLEANUP(metadata_release) struct metadata served = {0};
    int r = fetch_first(trust, repository, &bytes, &served);

    if (r)
        return r;
    if (!json_equal(served.signed_part, pinned->signed_part) || !is_signed(&served))
        return output_fail(&trust->server->cli->output, CLI_UNVERIFIED,
                           "nothing was signed; ask whoever made the roots",
                           "the first root of the %s repository is not the one that was signed "
                           "here",
                           repository);
    return store.save(store.state, "root", bytes.bytes, bytes.size);
}

int trust_roots_complete(struct trust *trust, const char *repository)
{
    CLEANUP(metadata_release) struct metadata pinned = {0};
    int r;

    if (!trust_roots_pinned(trust, repository))
        return 0; /* whoever needs it says so */
    r = read_stored(trust, repository, &pinned);
    if (r || pinned.version > 1 || is_signed(&pinned))
        return r;
    return complete(trust, repository, &pinned);
}

/* ---- the walk ------------------------------------------------------------------------------ */

int trust_roots_walk(struct trust *trust, const char *repository, struct metadata *ret_root)
{
    CLEANUP(cleanup_updater) struct updater *updater = NULL;
    struct repository director = trust->repository;
    struct updater_config config = {
        .source = {.fetch = fetch_director, .state = &director},
        .store = metadir_store(folder(trust, repository)),
        .limits = updater_limits_default,
        .now_ms = clock_wall_ms(trust->server->cli->clock),
    };
    int r = trust_lock(trust);

    if (!r)
        r = trust_roots_complete(trust, repository);
    if (r)
        return r;
    director.metadata_url = arena_printf(&trust->server->cli->arena, "%s/api/v1/tuf/director/roots",
                                         trust->server->url);
    if (is_image(repository))
        config.source = repository_source(&trust->repository);
    r = updater_new(&config, &updater);
    if (!r)
        r = updater_roots(updater);
    if (r == UPDATER_E_FETCH && !is_image(repository))
        memcpy(trust->repository.error, director.error, sizeof(director.error));
    if (r)
        return r < 0 ? r : trust_refuse(trust, repository, updater, r);
    return read_stored(trust, repository, ret_root);
}
