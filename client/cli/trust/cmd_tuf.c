/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_tuf.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cli.h"
#include "lib/http.h"
#include "lib/metadir.h"
#include "lib/repository.h"
#include "tuf/rolename.h"
#include "tuf/updater.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

DEFINE_CLEANUP(cleanup_http, struct http *, http_free);
DEFINE_CLEANUP(cleanup_updater, struct updater *, updater_free);

static int fail(struct cli *cli, const char *what, const char *why)
{
    return output_fail(&cli->output, CLI_FAILED, NULL, "%s: %s", what, why);
}

static const char *missing_flag(const struct cli *cli, const char *action)
{
    const struct cli_flags *flags = &cli->flags;

    if (!flags->metadata_dir)
        return "--metadata-dir is missing";
    if (strcmp(action, "init") == 0)
        return NULL;
    if (!flags->metadata_url)
        return "--metadata-url is missing";
    if (strcmp(action, "refresh") == 0)
        return NULL;
    if (flags->target_names.count == 0)
        return "--target-name is missing";
    if (!flags->target_dir)
        return "--target-dir is missing";
    return flags->target_base_url ? NULL : "--target-base-url is missing";
}

/* ---- init ------------------------------------------------------------------------------------ */

static int store_root(struct cli *cli, const char *bytes, size_t size)
{
    struct updater_store store = metadir_store(cli->flags.metadata_dir);
    struct metadata root = {0};
    struct reason reason;
    int r = metadata_parse(METADATA_ROOT, bytes, size, &root, &reason);

    if (r)
        return r < 0 ? r : fail(cli, "the root file is refused", reason.text);
    metadata_release(&root);
    r = file_mkdirs(AT_FDCWD, cli->flags.metadata_dir, 0755);
    return r ? r : store.save(store.state, "root", bytes, size);
}

static int run_init(struct cli *cli, const char *path)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    int r = file_read(AT_FDCWD, path, updater_limits_default.root_bytes, &bytes, &size);

    if (r)
        return r < 0 ? r
                     : fail(cli, "cannot read the root file",
                            r == FILE_E_MISSING ? "no such file" : "it is too large");
    return store_root(cli, bytes, size);
}

/* ---- refresh, download
 * --------------------------------------------------------------------------- */

static int refuse(struct cli *cli, const struct updater *updater,
                  const struct repository *repository, int outcome)
{
    const char *detail =
        outcome == UPDATER_E_FETCH || outcome == UPDATER_E_ENDLESS ? repository->error : "";

    return output_fail(&cli->output, CLI_FAILED, NULL, "%s: %s%s%s", updater_outcome_name(outcome),
                       updater_reason(updater)->text, *detail ? ": " : "", detail);
}

/* The token is for one server, and other people's repositories are none of its business. */
static const char *token_for(const char *url)
{
    const char *own = getenv("MODELFERRY_URL");
    const char *token = getenv("MODELFERRY_TOKEN");
    size_t length = own ? strlen(own) : 0;

    while (length > 0 && own[length - 1] == '/')
        length--;
    if (length == 0 || strncmp(url, own, length) != 0 || url[length] != '/')
        return NULL;
    return token && *token ? token : NULL;
}

static int download(struct cli *cli, struct updater *updater, struct repository *repository,
                    const char *path)
{
    struct metadata_target target;
    const char *file;
    bool has;
    int r = updater_find(updater, path, &target);

    if (r)
        return r < 0 ? r : refuse(cli, updater, repository, r);
    file = arena_printf(&cli->arena, "%s/%s", cli->flags.target_dir,
                        rolename_quote(&cli->arena, path));
    r = repository_has(&target, file, &has);
    if (r || has)
        return r;
    r = repository_download(repository, cli->flags.target_base_url,
                            updater_target_name(updater, &target, &cli->arena), &target, file);
    return r > 0 ? fail(cli, path, repository->error) : r;
}

static int download_all(struct cli *cli, struct updater *updater, struct repository *repository)
{
    int r = file_mkdirs(AT_FDCWD, cli->flags.target_dir, 0755);

    repository->token = token_for(cli->flags.target_base_url);
    for (size_t i = 0; !r && i < cli->flags.target_names.count; i++)
        r = download(cli, updater, repository, cli->flags.target_names.texts[i]);
    return r;
}

static int run_client(struct cli *cli, bool with_targets)
{
    CLEANUP(cleanup_http) struct http *http = NULL;
    CLEANUP(cleanup_updater) struct updater *updater = NULL;
    struct http_settings settings = {
        .ca_file = cli->flags.ca_file,
        .low_speed_timeout_s = cli->flags.low_speed_ms / 1000,
    };
    struct repository repository = {
        .metadata_url = cli->flags.metadata_url,
        .token = token_for(cli->flags.metadata_url),
    };
    struct updater_config config = {
        .source = repository_source(&repository),
        .store = metadir_store(cli->flags.metadata_dir),
        .limits = updater_limits_default,
        .now_ms = clock_wall_ms(cli->clock),
    };
    int r = http_new(&settings, &http);

    if (r)
        return r;
    repository.http = http;
    r = updater_new(&config, &updater);
    if (r)
        return r;
    r = updater_refresh(updater);
    if (r)
        return r < 0 ? r : refuse(cli, updater, &repository, r);
    return with_targets ? download_all(cli, updater, &repository) : 0;
}

int cmd_tuf(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    const char *missing = missing_flag(cli, operand[0]);

    if (missing)
        return fail(cli, operand[0], missing);
    if (strcmp(operand[0], "init") == 0 && operands == 2)
        return run_init(cli, operand[1]) ? CLI_FAILED : CLI_OK;
    if (strcmp(operand[0], "refresh") == 0 && operands == 1)
        return run_client(cli, false) ? CLI_FAILED : CLI_OK;
    if (strcmp(operand[0], "download") == 0 && operands == 1)
        return run_client(cli, true) ? CLI_FAILED : CLI_OK;
    return fail(cli, operand[0], "init ROOTFILE, refresh or download is expected");
}
