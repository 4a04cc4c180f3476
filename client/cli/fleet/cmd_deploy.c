/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet/cmd_deploy.h"

#include "base/cleanup.h"
#include "cli/fleet/rollout.h"
#include "cli/subject.h"
#include "model/name.h"
#include "model/variant.h"
#include "proto/reload_kind.h"

#include <string.h>

struct deploying {
    struct cli *cli;
    struct server server;
    struct reference reference;
    const char **devices; /* with --wait, whom to wait for */
    size_t count;
};

static void release(struct deploying *deploying)
{
    server_close(&deploying->server);
}

static int check_flags(struct cli *cli)
{
    const struct cli_flags *flags = &cli->flags;
    const char *expected = name_check(flags->slot);

    if (expected)
        return cli_usage(cli, "'%s' is no name of a slot: %s", flags->slot, expected);
    if (flags->all == (flags->devices.count > 0))
        return cli_usage(cli, flags->all ? "say --all or --device, not both"
                                         : "say which devices: --device NAME, or --all");
    for (size_t i = 0; i < flags->devices.count; i++) {
        expected = name_check(flags->devices.texts[i]);
        if (expected)
            return cli_usage(cli, "'%s' is no name of a device: %s", flags->devices.texts[i],
                             expected);
    }
    expected = flags->variant ? variant_check(flags->variant) : NULL;
    if (expected)
        return cli_usage(cli, "'%s' is no variant: %s", flags->variant, expected);
    expected = flags->reload ? reload_kind_check(flags->reload) : NULL;
    if (expected)
        return cli_usage(cli, "'%s' is no kind of reload: %s", flags->reload, expected);
    return 0;
}

/* All that can report: those that are not revoked. */
static int list_devices(struct deploying *deploying)
{
    struct cli *cli = deploying->cli;
    json_auto_t *answer = NULL;
    size_t index;
    json_t *device;
    int r;

    r = server_list(&deploying->server, "list devices",
                    SERVER_ADDRESS(&deploying->server, "devices"), "", 0, &answer);
    if (r)
        return r;
    deploying->devices =
        arena_array(&cli->arena, json_array_size(json_object_get(answer, "items")) + 1,
                    sizeof(*deploying->devices));
    json_array_foreach (json_object_get(answer, "items"), index, device) {
        const char *state = json_string_value(json_object_get(device, "state"));
        const char *name = json_string_value(json_object_get(device, "name"));

        if (name && !(state && strcmp(state, "revoked") == 0))
            deploying->devices[deploying->count++] = arena_strdup(&cli->arena, name);
    }
    return 0;
}

/* A device that is named twice is one device. */
static void take_named(struct deploying *deploying)
{
    const struct options_list *said = &deploying->cli->flags.devices;

    deploying->devices =
        arena_array(&deploying->cli->arena, said->count + 1, sizeof(*deploying->devices));
    for (size_t i = 0; i < said->count; i++) {
        bool seen = false;

        for (size_t j = 0; j < deploying->count; j++)
            seen = seen || strcmp(deploying->devices[j], said->texts[i]) == 0;
        if (!seen)
            deploying->devices[deploying->count++] = said->texts[i];
    }
}

static json_t *make_body(const struct deploying *deploying)
{
    const struct cli_flags *flags = &deploying->cli->flags;
    json_t *devices = flags->all ? json_string("all") : json_array();

    for (size_t i = 0; i < deploying->count && !flags->all; i++)
        (void)json_array_append_new(devices, json_string(deploying->devices[i]));
    return json_pack("{s:o, s:s, s:s, s:s, s:s*, s:s*}", "devices", devices, "slot", flags->slot,
                     "model", deploying->reference.model, "version", deploying->reference.version,
                     "variant", flags->variant, "reload", flags->reload);
}

static int set_desired(struct deploying *deploying, json_t **ret_answer)
{
    struct cli *cli = deploying->cli;
    json_auto_t *body = make_body(deploying);

    return server_ask(
        &deploying->server,
        &(struct server_question){
            .what = arena_printf(&cli->arena, "deploy '%s@%s'", deploying->reference.model,
                                 deploying->reference.version),
            .address = SERVER_ADDRESS(&deploying->server, "desired"),
            .body = body,
        },
        NULL, ret_answer);
}

static int wait_for(struct deploying *deploying, json_t *answer)
{
    struct cli *cli = deploying->cli;
    struct rollout rollout = {
        .server = &deploying->server,
        .reference = deploying->reference,
        .slot = cli->flags.slot,
        .timeout_ms = cli->flags.timeout_ms,
    };
    json_t *devices = NULL;
    int r = 0;

    if (cli->flags.all)
        r = list_devices(deploying);
    if (r)
        return r;
    rollout.devices = deploying->devices;
    rollout.count = deploying->count;
    r = rollout_wait(&rollout, &devices);
    (void)json_object_set_new(answer, "devices", devices);
    return r;
}

int cmd_deploy_deploy(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct deploying deploying = {.cli = cli};
    json_auto_t *answer = NULL;
    json_int_t changed;
    json_int_t unchanged;
    int r;

    (void)operands;
    r = subject_parse(cli, operand[0], SUBJECT_VERSION, &deploying.reference);
    if (!r)
        r = check_flags(cli);
    if (!r)
        r = server_open(cli, &deploying.server);
    if (!r)
        r = subject_resolve(&deploying.server, &deploying.reference);
    if (r)
        return r;
    take_named(&deploying);
    r = set_desired(&deploying, &answer);
    if (r)
        return r;
    changed = json_integer_value(json_object_get(answer, "changed"));
    unchanged = json_integer_value(json_object_get(answer, "unchanged"));
    output_line(&cli->output, "set '%s' of %lld devices to %s (%lld had it already)",
                cli->flags.slot, changed + unchanged, subject_name(cli, &deploying.reference),
                unchanged);
    if (cli->flags.wait)
        r = wait_for(&deploying, answer);
    output_json(&cli->output, answer);
    return r;
}
