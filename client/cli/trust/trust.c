/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/place.h"
#include "cli/trust/trust_roots.h"
#include "crypto/digest.h"
#include "crypto/text.h"
#include "lib/metadir.h"
#include "tuf/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FINGERPRINT_BYTES 4

static const char *fingerprint(struct arena *arena, const char *url)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char *hex = arena_alloc(arena, 2 * FINGERPRINT_BYTES + 1);

    digest_sha256(url, strlen(url), digest);
    text_hex(digest, FINGERPRINT_BYTES, hex);
    return hex;
}

int trust_open(struct server *server, const char *workspace, struct trust *ret_trust)
{
    struct arena *arena = &server->cli->arena;
    const char *directory;
    int r = place_config(
        arena, arena_printf(arena, "trust/%s-%s", workspace, fingerprint(arena, server->url)),
        &directory);

    if (r)
        return r < 0 ? r
                     : output_fail(&server->cli->output, CLI_FAILED, "set HOME",
                                   "cannot find your files: HOME is not set");
    *ret_trust = (struct trust){
        .server = server,
        .workspace = workspace,
        .directory = directory,
        .image_dir = arena_printf(arena, "%s/image", directory),
        .director_dir = arena_printf(arena, "%s/director", directory),
        .repository =
            {
                         .http = server->http,
                         .metadata_url = arena_printf(arena, "%s/tuf/%s/metadata", server->url, workspace),
                         .token = server->token,
                         },
        .lock_fd = -1,
    };
    return 0;
}

void trust_close(struct trust *trust)
{
    if (!trust || !trust->server)
        return;
    updater_free(trust->updater);
    if (trust->lock_fd >= 0)
        (void)close(trust->lock_fd);
}

bool trust_has_root(const struct trust *trust)
{
    return access(arena_printf(&trust->server->cli->arena, "%s/root.json", trust->image_dir),
                  F_OK) == 0;
}

int trust_lock(struct trust *trust)
{
    struct cli *cli = trust->server->cli;
    const char *path = arena_printf(&cli->arena, "%s/lock", trust->directory);
    int r;

    if (trust->lock_fd >= 0)
        return 0;
    r = file_mkdirs(AT_FDCWD, trust->directory, 0700);
    if (r)
        return r;
    trust->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (trust->lock_fd < 0)
        return log_fail_errno("cannot open '%s'", path);
    if (flock(trust->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    output_note(&cli->output, "waiting for another modelferry that signs in this workspace");
    while (flock(trust->lock_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return log_fail_errno("cannot lock '%s'", path);
    return 0;
}

static const char *root_path(struct trust *trust, const char *repository)
{
    return arena_printf(&trust->server->cli->arena, "%s/root.json",
                        strcmp(repository, "image") == 0 ? trust->image_dir : trust->director_dir);
}

int trust_pinned(struct trust *trust, const char *repository, json_t **ret_root)
{
    struct cli *cli = trust->server->cli;
    const char *path = root_path(trust, repository);
    AUTO_FREE char *bytes = NULL;
    size_t size;
    int r = file_read(AT_FDCWD, path, updater_limits_default.root_bytes, &bytes, &size);

    if (r < 0)
        return r;
    *ret_root = r ? NULL : json_loadb(bytes, size, 0, NULL);
    if (!*ret_root)
        return output_fail(&cli->output, CLI_FAILED,
                           "an administrator makes the first one by 'modelferry root init'",
                           "no root is trusted here: cannot read '%s'", path);
    return 0;
}

static bool is_pinned(struct trust *trust, const char *repository, const json_t *root)
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *stored = NULL;
    size_t size;

    if (file_read(AT_FDCWD, root_path(trust, repository), updater_limits_default.root_bytes, &bytes,
                  &size))
        return false;
    stored = json_loadb(bytes, size, 0, NULL);
    return json_equal(stored, root);
}

int trust_pin(struct trust *trust, const char *repository, const json_t *root)
{
    struct cli *cli = trust->server->cli;
    const char *path = root_path(trust, repository);
    AUTO_FREE char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    int r;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot store a root: out of memory");
    r = trust_lock(trust);
    if (!r)
        r = place_make_parent(path);
    if (!r)
        r = file_create(AT_FDCWD, path, text, strlen(text), 0600);
    if (r == FILE_E_EXISTS && is_pinned(trust, repository, root))
        return 0;
    if (r == FILE_E_EXISTS)
        return output_fail(&cli->output, CLI_FAILED,
                           "remove the file by hand if you are sure that another root is the true "
                           "one",
                           "a root of this workspace is trusted already: '%s'", path);
    return r;
}

void trust_unpin(struct trust *trust, const char *repository, const json_t *root)
{
    if (root && is_pinned(trust, repository, root))
        (void)unlink(root_path(trust, repository));
}

/* ---- refreshing ---------------------------------------------------------------------------- */

static int refuse_unreachable(struct trust *trust, const struct updater *updater)
{
    return output_fail(&trust->server->cli->output, CLI_UNREACHABLE, NULL, "%s: %s",
                       updater_reason(updater)->text, trust->repository.error);
}

int trust_refuse(struct trust *trust, const char *repository, const struct updater *updater,
                 int outcome)
{
    struct output *output = &trust->server->cli->output;

    switch (outcome) {
    case UPDATER_E_NO_ROOT:
        return output_fail(output, CLI_FAILED,
                           "an administrator makes the first one by 'modelferry root init'; on "
                           "other machines import it by 'modelferry root trust FILE'",
                           "no root of workspace '%s' is trusted here", trust->workspace);
    case UPDATER_E_FETCH:
        return refuse_unreachable(trust, updater);
    case UPDATER_E_FREEZE:
        return output_fail(output, CLI_UNVERIFIED,
                           "roots and targets: those who hold their keys run 'modelferry root "
                           "renew'; snapshot and timestamp: look at the server, and at this clock",
                           "the %s repository is refused (freeze): %s", repository,
                           updater_reason(updater)->text);
    default:
        return output_fail(output, CLI_UNVERIFIED,
                           "nothing was signed; if this is not the server's mistake, it is an "
                           "attack",
                           "the %s repository is refused (%s): %s", repository,
                           updater_outcome_name(outcome), updater_reason(updater)->text);
    }
}

static int run_refresh(struct trust *trust, bool *ret_told)
{
    struct updater_config config = {
        .source = repository_source(&trust->repository),
        .store = metadir_store(trust->image_dir),
        .limits = updater_limits_default,
        .now_ms = clock_wall_ms(trust->server->cli->clock),
    };
    int r = trust_lock(trust);

    if (!r)
        r = trust_roots_complete(trust, "image");
    *ret_told = r > 0;
    if (r)
        return r;
    updater_free(trust->updater);
    trust->updater = NULL;
    r = updater_new(&config, &trust->updater);
    return r ? r : updater_refresh(trust->updater);
}

int trust_refresh(struct trust *trust)
{
    bool told;
    int r = run_refresh(trust, &told);

    return r > 0 && !told ? trust_refuse(trust, "image", trust->updater, r) : r;
}

int trust_refresh_listing(struct trust *trust)
{
    bool told;
    int r = run_refresh(trust, &told);

    if (told)
        return r;
    if ((r == UPDATER_E_FREEZE || r == UPDATER_E_SIGNATURE) && updater_has_listing(trust->updater))
        return 0;
    return r > 0 ? trust_refuse(trust, "image", trust->updater, r) : r;
}
