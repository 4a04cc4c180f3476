/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_rules.h"

#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/subject.h"

#include <string.h>

static const struct listing_column sheet[] = {
    {"approvals",         "approvals", LISTING_TEXT },
    {"protected aliases", "aliases",   LISTING_PAIRS},
    {"set",               "set_at",    LISTING_WHEN },
    {"set by",            "set_by",    LISTING_TEXT },
};

/* Of the workspace, or of the model that was named. */
struct rules {
    struct cli *cli;
    struct server server;
    const char *address;
    const char *of;
    json_t *found;
};

static void release(struct rules *rules)
{
    server_close(&rules->server);
    json_decref(rules->found);
}

static int open_rules(struct rules *rules, int operands, char **operand)
{
    struct cli *cli = rules->cli;
    struct reference reference = {0};
    int r = operands > 0 ? subject_open(cli, operand[0], SUBJECT_MODEL, &rules->server, &reference)
                         : server_open(cli, &rules->server);

    if (r)
        return r;
    rules->address = operands > 0 ? subject_address(&rules->server, &reference, "rules")
                                  : SERVER_ADDRESS(&rules->server, "rules");
    rules->of =
        operands > 0 ? arena_printf(&cli->arena, "model '%s'", operand[0]) : "the workspace";
    return server_get(&rules->server, arena_printf(&cli->arena, "show the rules of %s", rules->of),
                      rules->address, &rules->found);
}

static void print(struct rules *rules)
{
    output_json(&rules->cli->output, rules->found);
    listing_print_sheet(rules->cli, sheet, ARRAY_LEN(sheet), rules->found);
}

int cmd_rules_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct rules rules = {.cli = cli};
    int r = open_rules(&rules, operands, operand);

    if (r)
        return r;
    print(&rules);
    return CLI_OK;
}

/* What there is, with what the flags change. */
static int make_body(const struct rules *rules, json_t **ret_body)
{
    const struct cli_flags *flags = &rules->cli->flags;
    json_auto_t *aliases = json_deep_copy(json_object_get(rules->found, "aliases"));
    json_t *approvals = flags->approvals < 0
                            ? json_incref(json_object_get(rules->found, "approvals"))
                            : json_integer(flags->approvals);

    if (!aliases)
        aliases = json_object();
    for (size_t i = 0; i < flags->unprotect.count; i++)
        (void)json_object_del(aliases, flags->unprotect.texts[i]);
    for (size_t i = 0; i < flags->protect.count; i++) {
        const char *alias;
        const char *role;
        int r = reference_pair(rules->cli, "--protect", flags->protect.texts[i], &alias, &role);

        if (!r && json_object_set_new(aliases, alias, json_string(role)))
            r = cli_usage(rules->cli, "--protect '%s' is not UTF-8", flags->protect.texts[i]);
        if (r) {
            json_decref(approvals);
            return r;
        }
    }
    *ret_body = json_pack("{s:o, s:O}", "approvals", approvals, "aliases", aliases);
    return 0;
}

int cmd_rules_set(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct rules rules = {.cli = cli};
    json_auto_t *body = NULL;
    json_t *answer = NULL;
    int r;

    if (cli->flags.approvals < 0 && cli->flags.protect.count == 0 &&
        cli->flags.unprotect.count == 0)
        return cli_usage(cli, "say what to change: --approvals, --protect or --unprotect");
    r = open_rules(&rules, operands, operand);
    if (!r)
        r = make_body(&rules, &body);
    if (!r)
        r = server_ask(&rules.server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "set the rules of %s", rules.of),
                           .method = "PUT",
                           .address = rules.address,
                           .body = body,
                           .if_match = arena_printf(&cli->arena, "\"%lld\"",
                                                    (long long)json_integer_value(
                                                        json_object_get(rules.found, "revision"))),
                       },
                       NULL, &answer);
    if (r)
        return r;
    json_decref(rules.found);
    rules.found = answer;
    print(&rules);
    return CLI_OK;
}
