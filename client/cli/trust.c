/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/place.h"
#include "crypto/digest.h"
#include "crypto/text.h"
#include "lib/metadir.h"
#include "tuf/metadata.h"
#include "tuf/targetpath.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
                     : output_fail(&server->cli->output, CLI_FAILED, NULL,
                                   "cannot find your files: HOME is not set");
    *ret_trust = (struct trust){
        .server = server,
        .workspace = workspace,
        .image_dir = arena_printf(arena, "%s/image", directory),
        .director_dir = arena_printf(arena, "%s/director", directory),
        .repository =
            {
                         .http = server->http,
                         .metadata_url = arena_printf(arena, "%s/tuf/%s/metadata", server->url, workspace),
                         .token = server->token,
                         },
    };
    return 0;
}

void trust_close(struct trust *trust)
{
    if (trust)
        updater_free(trust->updater);
}

bool trust_has_root(const struct trust *trust)
{
    return access(arena_printf(&trust->server->cli->arena, "%s/root.json", trust->image_dir),
                  F_OK) == 0;
}

int trust_pin(struct trust *trust, const char *repository, const json_t *root)
{
    struct cli *cli = trust->server->cli;
    const char *directory =
        strcmp(repository, "image") == 0 ? trust->image_dir : trust->director_dir;
    const char *path = arena_printf(&cli->arena, "%s/root.json", directory);
    AUTO_FREE char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    int r;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot store a root: out of memory");
    if (access(path, F_OK) == 0)
        return output_fail(&cli->output, CLI_FAILED,
                           "remove the file by hand if you are sure that another root is the true "
                           "one",
                           "a root of this workspace is trusted already: '%s'", path);
    r = file_mkdirs(AT_FDCWD, directory, 0700);
    return r ? r : file_replace(AT_FDCWD, path, text, strlen(text), 0600);
}

static int refuse(struct trust *trust, int outcome)
{
    struct cli *cli = trust->server->cli;

    if (outcome == UPDATER_E_NO_ROOT)
        return output_fail(&cli->output, CLI_FAILED,
                           "an administrator makes the first one by 'modelferry root init'; on "
                           "other machines import it by 'modelferry root trust FILE'",
                           "no root of workspace '%s' is trusted here", trust->workspace);
    if (outcome == UPDATER_E_FETCH)
        return output_fail(&cli->output, CLI_UNREACHABLE, NULL, "%s: %s",
                           updater_reason(trust->updater)->text, trust->repository.error);
    return output_fail(&cli->output, CLI_UNVERIFIED,
                       "nothing was signed; if this is not the server's mistake, it is an attack",
                       "the image repository is refused (%s): %s", updater_outcome_name(outcome),
                       updater_reason(trust->updater)->text);
}

int trust_refresh(struct trust *trust)
{
    struct updater_config config = {
        .source = repository_source(&trust->repository),
        .store = metadir_store(trust->image_dir),
        .limits = updater_limits_default,
        .now_ms = clock_wall_ms(trust->server->cli->clock),
    };
    int r;

    updater_free(trust->updater);
    trust->updater = NULL;
    r = updater_new(&config, &trust->updater);
    if (!r)
        r = updater_refresh(trust->updater);
    return r > 0 ? refuse(trust, r) : r;
}

/*
 * What was verified here before the role's keys were changed, where it still is what the snapshot
 * names: nobody vouches for it any more but this user, who signs it anew. NULL: it is not here.
 */
static json_t *verified_before(struct trust *trust, const char *role)
{
    struct updater_store store = metadir_store(trust->image_dir);
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(updater_limits_default.targets_bytes);
    CLEANUP(metadata_release) struct metadata metadata = {0};
    struct metadata_file promised;
    struct reason reason;

    if (!metadata_file_of_role(updater_file(trust->updater, METADATA_SNAPSHOT), role, &promised) ||
        store.load(store.state, role, bytes.ceiling, &bytes) ||
        metadata_file_check(&promised, bytes.bytes, bytes.size, &reason) ||
        metadata_parse(METADATA_TARGETS, bytes.bytes, bytes.size, &metadata, &reason) ||
        metadata.version != promised.version)
        return NULL;
    return json_deep_copy(metadata.signed_part);
}

int trust_model_role(struct trust *trust, const char *model, json_t **ret_part)
{
    CLEANUP(metadata_release) struct metadata metadata = {0};
    const char *role = targetpath_role(&trust->server->cli->arena, model);
    int r = updater_role(trust->updater, role, &metadata);

    *ret_part = NULL;
    if (r == UPDATER_E_TARGET)
        return 0;
    if (r == UPDATER_E_SIGNATURE) {
        *ret_part = verified_before(trust, role);
        if (*ret_part)
            return 0;
    }
    if (r)
        return r < 0 ? r : refuse(trust, r);
    *ret_part = json_deep_copy(metadata.signed_part);
    return *ret_part ? 0 : log_fail(ERR_NO_MEMORY, "cannot copy metadata: out of memory");
}
