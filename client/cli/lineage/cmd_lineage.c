/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/cmd_lineage.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/subject.h"
#include "lib/http_escape.h"

#include <string.h>

#define ANSWER_MAX ((size_t)256 << 20)
#define URL_MAX ((size_t)128 << 10)

const char *const cmd_lineage_formats[] = {"text", "dot", "json", NULL};

enum {
    FORMAT_TEXT,
    FORMAT_DOT,
    FORMAT_JSON,
};

struct question {
    struct cli *cli;
    struct server server;
    struct buffer url;
};

static void question_release(struct question *question)
{
    server_close(&question->server);
    buffer_release(&question->url);
}

static void add(struct question *question, const char *name, const char *value)
{
    buffer_printf(&question->url, "%s%s=", strchr(question->url.bytes, '?') ? "&" : "?", name);
    http_escape(&question->url, value);
}

static int add_ref(struct question *question, const char *name, const char *text)
{
    struct ref ref;
    int r = subject_node(&question->server, text, &ref);

    if (!r)
        add(question, name, ref.text);
    return r;
}

static int begin(struct question *question, struct cli *cli, const char *what)
{
    int r;

    *question = (struct question){.cli = cli, .url = BUFFER(URL_MAX)};
    r = server_open(cli, &question->server);
    if (r)
        return r;
    buffer_append_text(&question->url, SERVER_ADDRESS(&question->server, "lineage", what));
    return 0;
}

/* --json wins over --format: it is what all commands have. */
static int64_t format_of(const struct cli *cli)
{
    return cli->output.json ? FORMAT_JSON : cli->flags.format;
}

static void add_flags(struct question *question)
{
    const struct cli_flags *flags = &question->cli->flags;
    struct arena *arena = &question->cli->arena;

    add(question, "format", cmd_lineage_formats[format_of(question->cli)]);
    if (flags->depth)
        add(question, "depth", arena_printf(arena, "%lld", (long long)flags->depth));
    if (flags->limit)
        add(question, "limit", arena_printf(arena, "%lld", (long long)flags->limit));
    if (flags->kinds)
        add(question, "kinds", flags->kinds);
    if (flags->declared)
        add(question, "declared", "true");
    if (flags->directed)
        add(question, "directed", "true");
}

static int print_json(struct cli *cli, const struct buffer *answer)
{
    json_auto_t *document = json_loadb(answer->bytes, answer->size, JSON_ALLOW_NUL, NULL);

    if (!document)
        return output_fail(&cli->output, CLI_FAILED, "is this the address of a modelferry server?",
                           "the answer is no JSON");
    cli->output.json = true;
    output_json(&cli->output, document);
    return 0;
}

static int ask(struct question *question)
{
    CLEANUP(buffer_release) struct buffer answer = BUFFER(ANSWER_MAX);
    struct cli *cli = question->cli;
    int r;

    if (question->url.failed)
        return cli_usage(cli, "the arguments are too long");
    r = server_get_bytes(&question->server, "ask for the lineage", question->url.bytes, &answer);
    if (r)
        return r;
    if (format_of(cli) == FORMAT_JSON)
        return print_json(cli, &answer);
    if (fwrite(answer.bytes, 1, answer.size, cli->output.out) != answer.size)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot write the result");
    return 0;
}

static int ask_about_one(struct cli *cli, const char *what, const char *text)
{
    CLEANUP(question_release) struct question question = {0};
    int r;

    r = begin(&question, cli, what);
    if (!r)
        r = add_ref(&question, "ref", text);
    if (r)
        return r;
    add_flags(&question);
    return ask(&question);
}

int cmd_lineage_upstream(void *context, int operands, char **operand)
{
    (void)operands;
    return ask_about_one(context, "upstream", operand[0]);
}

int cmd_lineage_downstream(void *context, int operands, char **operand)
{
    (void)operands;
    return ask_about_one(context, "downstream", operand[0]);
}

static int ask_about_two(struct cli *cli, const char *what, char **operand)
{
    CLEANUP(question_release) struct question question = {0};
    int r;

    r = begin(&question, cli, what);
    if (!r)
        r = add_ref(&question, "from", operand[0]);
    if (!r)
        r = add_ref(&question, "to", operand[1]);
    if (r)
        return r;
    add_flags(&question);
    return ask(&question);
}

int cmd_lineage_path(void *context, int operands, char **operand)
{
    (void)operands;
    return ask_about_two(context, "path", operand);
}

int cmd_lineage_diff(void *context, int operands, char **operand)
{
    (void)operands;
    return ask_about_two(context, "diff", operand);
}

int cmd_lineage_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(question_release) struct question question = {0};
    int r;

    (void)operands;
    cli->flags.format = FORMAT_JSON;
    r = begin(&question, cli, "node");
    if (!r)
        r = add_ref(&question, "ref", operand[0]);
    return r ? r : ask(&question);
}
