/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_keys_rotate.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/trust/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The new key waits as PATH.next until all is done; then it takes the old one's place, which stays
 * as PATH.retired-KEYID. Neither is listed among the keys.
 */
struct command {
    struct cli *cli;
    struct workspace workspace;
    struct keyring ring;
    struct ceremony ceremony;
    struct keystore_key old;
    struct keystore_key new;
    const char *next_path; /* NULL: --to says which key it is */
    struct rotation_use use;
};

static void command_close(struct command *command)
{
    json_decref(command->ceremony.files);
    keystore_release(&command->old);
    keystore_release(&command->new);
    keyring_release(&command->ring);
    workspace_close(&command->workspace);
}

static int refuse_unused(struct command *command)
{
    return output_fail(&command->cli->output, CLI_FAILED,
                       "see modelferry keys ls; a first key is registered by: modelferry model "
                       "grant MODEL KEY",
                       "nothing in workspace '%s' names key '%s'", command->workspace.name,
                       command->old.name);
}

/* An earlier run has made it, or this one does. */
static int make_next(struct command *command)
{
    struct cli *cli = command->cli;
    bool used = rotation_is_used(&command->use);

    command->next_path = arena_printf(&cli->arena, "%s.next", command->old.path);
    if (access(command->next_path, F_OK) == 0)
        return keystore_read(cli, command->next_path, &command->new);
    if (!used)
        return refuse_unused(command);
    return keystore_create(cli, command->old.name, command->next_path, &command->new);
}

/* That nothing names the old key any more is the end only where something names the new one. */
static int check_new(struct command *command)
{
    struct rotation_use use;
    int r;

    if (key_equal(&command->old.key, &command->new.key))
        return cli_usage(command->cli, "that is the same key");
    if (rotation_is_used(&command->use))
        return 0;
    r = rotation_find(&command->workspace, &command->new.key, &use);
    if (r)
        return r;
    return rotation_is_used(&use) ? 0 : refuse_unused(command);
}

static int prepare(struct command *command, const char *name)
{
    struct cli *cli = command->cli;
    int r = keystore_read(cli, name, &command->old);

    if (!r)
        r = keystore_unlock(cli, &command->old); /* who cannot open it makes no new one either */
    if (!r)
        r = keyring_read(cli, &cli->flags.keys, &command->ring);
    if (!r)
        r = workspace_open(cli, &command->workspace);
    if (!r)
        r = rotation_find(&command->workspace, &command->old.key, &command->use);
    if (!r)
        r = cli->flags.to ? keystore_read(cli, cli->flags.to, &command->new) : make_next(command);
    if (!r)
        r = keystore_need_secret(cli, &command->new);
    return r ? r : check_new(command);
}

static int rotate(struct command *command)
{
    struct cli *cli = command->cli;
    struct rotation rotation = {
        .ceremony = &command->ceremony,
        .old = command->old.key,
        .new = command->new.key,
        .new_name = arena_strdup(&cli->arena, command->new.name),
        .new_file = command->new.path,
        .lifetime_ms = cli->flags.expires_ms,
    };
    int r;

    command->ceremony = (struct ceremony){
        .workspace = &command->workspace,
        .ring = &command->ring,
        .confirms = true,
    };
    output_note(&cli->output, "key %s takes the place of %s, which", command->new.key.id,
                command->old.key.id);
    rotation_print_use(cli, &command->use);
    r = keyring_add(cli, &command->ring, &command->old);
    if (!r)
        r = keyring_add(cli, &command->ring, &command->new);
    return r ? r : rotation_run(&rotation, &command->use);
}

/* The old file gets a second name before the new one takes its first: there is never none. */
static int swap_files(struct command *command, const char *path, const char *old_keyid)
{
    struct cli *cli = command->cli;
    const char *retired = arena_printf(&cli->arena, "%s.retired-%.8s", path, old_keyid);
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 1;
    int r;

    if (!command->next_path)
        return 0;
    if (link(path, retired) < 0 && errno != EEXIST)
        return log_fail_errno("cannot link '%s' to '%s'", path, retired);
    if (rename(command->next_path, path) < 0)
        return log_fail_errno("cannot rename '%s' to '%s'", command->next_path, path);
    r = file_sync_dir(AT_FDCWD, arena_printf(&cli->arena, "%.*s", directory, slash ? path : "."));
    if (r)
        return r;
    output_note(&cli->output, "the old key is kept as '%s'; remove it when nothing else names it",
                retired);
    return 0;
}

int cmd_keys_rotate(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(command_close) struct command command = {.cli = cli};
    const char *path;
    const char *old_keyid;
    int r = prepare(&command, operands ? operand[0] : NULL);

    if (r)
        return r;
    path = command.old.path;
    old_keyid = arena_strdup(&cli->arena, command.old.key.id);
    r = rotate(&command);
    if (!r)
        r = swap_files(&command, path, old_keyid);
    if (!r)
        output_line(&cli->output, "rotated: every place of workspace '%s' names the new key",
                    command.workspace.name);
    return ceremony_finish(&command.ceremony, r);
}
