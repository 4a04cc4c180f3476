/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/cmd_run.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/lineage/lineage_spool.h"
#include "cli/lineage/run_event.h"
#include "cli/lineage/run_facets.h"
#include "cli/publish/cmd_publish.h"
#include "cli/publish/publish_groups.h"
#include "cli/reference.h"
#include "cli/units.h"
#include "crypto/text.h"
#include "lineage/ref.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    struct cli *cli;
    struct server server;
    struct run_story story;
    char *directory;
    int64_t started_us;
};

static void run_release(struct run *run)
{
    server_close(&run->server);
    run_event_release(&run->story);
    free(run->directory);
}

/* ---- before ---------------------------------------------------------------------------------- */

static int check_words(struct cli *cli)
{
    struct reference version;

    for (size_t i = 0; i < cli->flags.env.count; i++)
        if (run_tool_is_secret(cli->flags.env.texts[i]) || strchr(cli->flags.env.texts[i], '='))
            return output_fail(&cli->output, CLI_USAGE,
                               "name variables that are no secrets, without their values",
                               "--env '%s' is not recorded", cli->flags.env.texts[i]);
    if (cli->flags.publish && cli->flags.outs.count == 0)
        return cli_usage(cli, "--publish publishes what --out names: there is none");
    if (cli->flags.variants.count > 1)
        return cli_usage(cli, "--variant may be said once: publish the others by themselves");
    return cli->flags.publish ? reference_parse(cli, cli->flags.publish, &version) : 0;
}

static void describe(struct run *run, int operands, char **operand)
{
    struct cli *cli = run->cli;
    struct run_story *story = &run->story;
    const char *space = getenv("OPENLINEAGE_NAMESPACE");

    run_tool_read(&cli->arena, operand[0], cli->flags.probe, &story->tool);
    story->arguments = run_tool_arguments(&cli->arena, operand + 1, operands - 1);
    story->environment = run_tool_environment(&cli->flags.env);
    story->job_space = space && *space ? space : REF_NAMESPACE_DEFAULT;
    story->job_name = cli->flags.job ? cli->flags.job : story->tool.name;
    run->directory = getcwd(NULL, 0);
    story->directory = run->directory ? run->directory : ".";
    story->has_git = run_git_read(&cli->arena, &story->git);
    run_event_adopt(story, &cli->arena);
}

static int prepare(struct run *run, int operands, char **operand)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    struct cli *cli = run->cli;
    int r;

    r = check_words(cli);
    if (!r)
        r = run_ends_read(cli, "--in", &cli->flags.ins, true, &run->story.inputs);
    if (!r)
        r = run_ends_read(cli, "--out", &cli->flags.outs, false, &run->story.outputs);
    if (!r)
        r = server_open(cli, &run->server);
    if (!r)
        r = interrupt_open(&interrupt);
    if (!r)
        r = run_ends_hash(cli, &interrupt, &run->story.inputs, false, NULL);
    if (r)
        return r;
    describe(run, operands, operand);
    return 0;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Whether the server has it now. */
static bool tell(struct run *run)
{
    json_auto_t *event = run_event_encode(&run->story);
    const char *why = "";

    switch (lineage_spool_send(&run->server, event, &why)) {
    case LINEAGE_SPOOL_SENT:
        return true;
    case LINEAGE_SPOOL_KEPT:
        output_note(&run->cli->output, "the lineage is kept until the server takes it: %s", why);
        break;
    case LINEAGE_SPOOL_LOST:
        output_warn(&run->cli->output, "the lineage of this run is lost: %s", why);
        break;
    }
    return false;
}

/* What earlier runs could not send, where the server was just seen to be there. */
static void tell_earlier(struct run *run)
{
    const char *why;
    size_t sent;
    size_t left;

    lineage_spool_flush(&run->server, &sent, &left, &why);
    if (sent)
        output_note(&run->cli->output, "sent %zu lineage events of earlier runs", sent);
    if (why && !left)
        output_warn(&run->cli->output, "a lineage event was refused: %s", why);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int execute(struct run *run, int operands, char **operand)
{
    char **argv = arena_array(&run->cli->arena, (size_t)operands + 1, sizeof(*argv));
    struct run_story *story = &run->story;
    struct arena *arena = &run->cli->arena;
    const char *variables[] = {
        arena_printf(arena, "OPENLINEAGE_PARENT_ID=%s/%s/%s", story->job_space, story->job_name,
                     story->id),
        arena_printf(arena, "MODELFERRY_RUN=%s", story->id),
        NULL,
    };
    int r;

    (void)fflush(run->cli->output.out);
    (void)fflush(run->cli->output.err);
    memcpy(argv, operand, (size_t)operands * sizeof(*argv));
    r = run_child(argv, variables, &story->result);
    if (r)
        return r;
    story->duration_ms = (clock_monotonic_us(run->cli->clock) - run->started_us) / 1000;
    story->ended_ms = clock_wall_ms(run->cli->clock);
    if (story->ended_ms <= story->started_ms) /* the clock was set back: the end is behind all */
        story->ended_ms = story->started_ms + (story->duration_ms ? story->duration_ms : 1);
    if (!story->result.started)
        story->failure =
            arena_printf(arena, "cannot run '%s': %s", operand[0], story->result.error);
    else if (story->result.signal)
        story->failure = arena_printf(arena, "ended by signal %d", story->result.signal);
    else if (story->result.status)
        story->failure = arena_printf(arena, "exit status %d", story->result.status);
    return 0;
}

/* What is there now; a command that succeeded has made all that it was to make. */
static int look_at_outputs(struct run *run)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    struct run_story *story = &run->story;
    const char *missing = NULL;
    int r;

    r = interrupt_open(&interrupt);
    if (!r)
        r = run_ends_hash(run->cli, &interrupt, &story->outputs, true, &missing);
    if (!r && missing && !story->failure)
        story->failure = arena_printf(&run->cli->arena,
                                      "'%s' was not made, though the command succeeded", missing);
    return r;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* As `modelferry publish MODEL@VERSION --from RUN FILE...` would do it. */
static int publish(struct run *run)
{
    struct cli *cli = run->cli;
    const struct run_ends *outputs = &run->story.outputs;
    char **operand = arena_array(&cli->arena, outputs->count + 3, sizeof(*operand));
    int operands = 0;

    operand[operands++] = arena_strdup(&cli->arena, cli->flags.publish);
    if (cli->flags.variants.count)
        operand[operands++] = publish_groups_operand(&cli->arena, cli->flags.variants.texts[0]);
    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->ends[i].file_count)
            return output_fail(&cli->output, CLI_FAILED, "publish its files one by one",
                               "'%s' is a directory: it cannot be published",
                               outputs->ends[i].path);
        operand[operands++] = arena_strdup(&cli->arena, outputs->ends[i].path);
    }
    cli->flags.from_run = run->story.id;
    return cmd_publish_publish(cli, operands, operand);
}

static json_t *encode_outputs(const struct run_ends *outputs)
{
    json_t *list = json_array();

    for (size_t i = 0; i < outputs->count; i++) {
        const struct run_end *end = &outputs->ends[i];
        char hex[DIGEST_SHA256_HEX_SIZE];

        if (!end->hashed)
            continue;
        text_hex(end->sha256, sizeof(end->sha256), hex);
        (void)json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "path",
                                                    run_facets_text(end->path), "sha256", hex,
                                                    "length", (json_int_t)end->size_bytes));
    }
    return list;
}

static void print_result(struct run *run)
{
    const struct run_story *story = &run->story;
    struct cli *cli = run->cli;
    json_auto_t *document = json_pack(
        "{s:s, s:s, s:i, s:I, s:o}", "run", story->id, "state",
        story->failure ? "FAIL" : "COMPLETE", "exit_status", story->result.status, "duration_ms",
        (json_int_t)story->duration_ms, "outputs", encode_outputs(&story->outputs));

    if (story->failure)
        output_note(&cli->output, "run:%s failed: %s", story->id, story->failure);
    else
        output_note(&cli->output, "run:%s complete", story->id);
    if (!cli->flags.publish || story->failure)
        output_json(&cli->output, document);
}

/* Ends as the command did, by its signal where it was one. */
static int end_alike(struct run *run)
{
    const struct run_child_result *result = &run->story.result;

    if (result->started && result->signal) {
        (void)fflush(run->cli->output.out);
        (void)fflush(run->cli->output.err);
        (void)signal(result->signal, SIG_DFL);
        (void)raise(result->signal);
    }
    if (!result->started)
        return output_fail(&run->cli->output, result->status, NULL, "%s", run->story.failure);
    if (result->status == 0 && run->story.failure)
        return output_fail(&run->cli->output, CLI_FAILED, NULL, "%s", run->story.failure);
    return result->status;
}

int cmd_run_run(void *context, int operands, char **operand)
{
    CLEANUP(run_release) struct run run = {.cli = context};
    struct run_story *story = &run.story;
    int r;

    r = prepare(&run, operands, operand);
    if (r)
        return r;
    story->started_ms = clock_wall_ms(run.cli->clock);
    run.started_us = clock_monotonic_us(run.cli->clock);
    run_event_identify(story);
    (void)tell(&run);
    r = execute(&run, operands, operand);
    if (!r)
        r = look_at_outputs(&run);
    if (r) { /* it was run, whatever became of looking at it */
        story->ended_ms = story->ended_ms ? story->ended_ms : story->started_ms + 1;
        story->failure = "its outputs could not be read";
    }
    if (tell(&run))
        tell_earlier(&run);
    print_result(&run);
    if (r && story->result.started && story->result.status == 0)
        return r;
    if (run.cli->flags.publish && !story->failure)
        return publish(&run);
    return end_alike(&run);
}

int cmd_run_send(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    const char *why;
    size_t sent;
    size_t left;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (r)
        return r;
    lineage_spool_flush(&server, &sent, &left, &why);
    json_auto_t *document = json_pack("{s:I, s:I, s:s?}", "sent", (json_int_t)sent, "waiting",
                                      (json_int_t)left, "why", why);
    if (left)
        return output_fail(&cli->output, CLI_UNREACHABLE, "try again later",
                           "%zu events were sent, %zu are waiting: %s", sent, left, why);
    if (why)
        return output_fail(&cli->output, CLI_FAILED, NULL, "an event was refused: %s", why);
    output_json(&cli->output, document);
    output_line(&cli->output, "sent %zu events", sent);
    return 0;
}
