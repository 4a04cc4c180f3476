/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_root_change.h"

#include "base/cleanup.h"
#include "cli/trust/root_change.h"

#include <string.h>

struct command {
    struct cli *cli;
    struct workspace workspace;
    struct keyring ring;
    struct ceremony ceremony;
    struct key_swap *root_swaps; /* in the arena */
    struct key_swap *targets_swaps;
};

static void command_close(struct command *command)
{
    json_decref(command->ceremony.files);
    keyring_release(&command->ring);
    workspace_close(&command->workspace);
}

/* --key, or the default key; those that changes name come to them. */
static int read_ring(struct command *command)
{
    struct cli *cli = command->cli;
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keyring_read(cli, &cli->flags.keys, &command->ring);

    if (r || command->ring.count > 0)
        return r;
    r = keystore_read(cli, NULL, &key);
    return r ? r : keyring_add(cli, &command->ring, &key);
}

static int parse_swaps(struct command *command, const struct options_list *texts,
                       struct key_swap **ret_swaps)
{
    *ret_swaps = arena_array(&command->cli->arena, texts->count + 1, sizeof(**ret_swaps));
    for (size_t i = 0; i < texts->count; i++) {
        int r = key_swap_parse(command->cli, texts->texts[i], &command->ring, &(*ret_swaps)[i]);

        if (r)
            return r;
    }
    return 0;
}

static int check_repository(struct cli *cli, int operands, char **operand)
{
    if (operands == 0 || strcmp(operand[0], "image") == 0 || strcmp(operand[0], "director") == 0)
        return 0;
    return cli_usage(cli, "'%s' is no repository: image or director", operand[0]);
}

static int run(struct command *command, struct root_change *change)
{
    int r = workspace_open(command->cli, &command->workspace);

    if (r)
        return r;
    command->ceremony = (struct ceremony){
        .workspace = &command->workspace,
        .ring = &command->ring,
        .confirms = true,
    };
    change->ceremony = &command->ceremony;
    change->lifetime_ms = command->cli->flags.expires_ms;
    return ceremony_finish(&command->ceremony, root_change_run(change));
}

int cmd_root_change_renew(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(command_close) struct command command = {.cli = cli};
    struct root_change change = {.repository = operands ? operand[0] : NULL, .renews = true};
    int r = check_repository(cli, operands, operand);

    if (!r)
        r = read_ring(&command);
    return r ? r : run(&command, &change);
}

int cmd_root_change_rotate(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    const struct cli_flags *flags = &cli->flags;
    CLEANUP(command_close) struct command command = {.cli = cli};
    struct root_change change = {
        .repository = operands ? operand[0] : NULL,
        .root_swap_count = flags->root_keys.count,
        .targets_swap_count = flags->targets_keys.count,
        .threshold = flags->threshold,
        .targets_threshold = flags->targets_threshold,
        .new_online_key = flags->online_key,
    };
    int r = check_repository(cli, operands, operand);

    if (!r && !change.root_swap_count && !change.targets_swap_count && !change.threshold &&
        !change.targets_threshold && !change.new_online_key)
        return cli_usage(cli, "say what changes: --root-key, --targets-key, --threshold, "
                              "--targets-threshold or --online-key; a later expiry alone is: "
                              "modelferry root renew");
    if (!r)
        r = read_ring(&command);
    if (!r)
        r = parse_swaps(&command, &flags->root_keys, &command.root_swaps);
    if (!r)
        r = parse_swaps(&command, &flags->targets_keys, &command.targets_swaps);
    if (r)
        return r;
    change.root_swaps = command.root_swaps;
    change.targets_swaps = command.targets_swaps;
    return run(&command, &change);
}
