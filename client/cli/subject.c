/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject.h"

#include "base/cleanup.h"
#include "model/name.h"

#include <string.h>

static int parse_model(struct cli *cli, const char *text, struct reference *ret_reference)
{
    const char *expected = name_check(text);

    if (expected)
        return cli_usage(cli, "'%s' is no name of a model: %s", text, expected);
    *ret_reference = (struct reference){.model = text};
    return 0;
}

int subject_parse(struct cli *cli, const char *text, unsigned kinds,
                  struct reference *ret_reference)
{
    const char *at = strchr(text, '@');
    const char *model;
    int r;

    if (!at && (kinds & SUBJECT_MODEL))
        return parse_model(cli, text, ret_reference);
    if (!at || !(kinds & SUBJECT_VERSION))
        return output_fail(&cli->output, CLI_USAGE,
                           at ? "write the name of the model alone"
                              : "write MODEL@VERSION or MODEL@ALIAS, such as digits@1.0.0",
                           at ? "'%s' is no name of a model" : "'%s' names no version", text);
    if (name_check_alias(at + 1))
        return reference_parse(cli, text, ret_reference);
    model = arena_strndup(&cli->arena, text, (size_t)(at - text));
    r = parse_model(cli, model, ret_reference);
    if (!r)
        ret_reference->alias = at + 1;
    return r;
}

int subject_resolve(struct server *server, struct reference *reference)
{
    struct cli *cli = server->cli;
    json_auto_t *alias = NULL;
    const char *version;
    int r;

    if (!reference->alias)
        return 0;
    r = server_get(
        server, arena_printf(&cli->arena, "find '%s@%s'", reference->model, reference->alias),
        SERVER_ADDRESS(server, "models", reference->model, "aliases", reference->alias), &alias);
    if (r)
        return r;
    version = json_string_value(json_object_get(alias, "version"));
    if (!version || name_check_version(version))
        return output_fail(&cli->output, CLI_FAILED, "is this the address of a modelferry server?",
                           "cannot find '%s@%s': the answer names no version", reference->model,
                           reference->alias);
    reference->version = arena_strdup(&cli->arena, version);
    output_note(&cli->output, "%s@%s is %s", reference->model, reference->alias,
                reference->version);
    return 0;
}

int subject_open(struct cli *cli, const char *text, unsigned kinds, struct server *ret_server,
                 struct reference *ret_reference)
{
    int r = subject_parse(cli, text, kinds, ret_reference);

    if (!r)
        r = server_open(cli, ret_server);
    return r ? r : subject_resolve(ret_server, ret_reference);
}

/* "digits@champion/onnx/cpu/fp32" taken apart. Returns whether it has that form. */
static bool take_alias_apart(struct arena *arena, const char *text, struct reference *ret_reference,
                             const char **ret_rest)
{
    static const char prefix[] = "model:";
    const char *model = strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
    const char *at = strchr(model, '@');
    const char *rest = at ? at + strcspn(at, "/") : NULL;

    if (!at)
        return false;
    *ret_rest = rest;
    *ret_reference = (struct reference){
        .model = arena_strndup(arena, model, (size_t)(at - model)),
        .alias = arena_strndup(arena, at + 1, (size_t)(rest - at - 1)),
    };
    return !name_check(ret_reference->model) && !name_check_alias(ret_reference->alias);
}

int subject_node(struct server *server, const char *text, struct ref *ret_ref)
{
    struct cli *cli = server->cli;
    struct reference reference;
    const char *rest;
    const char *why;
    int r;

    if (ref_parse(text, &cli->arena, ret_ref, &why) == 0)
        return 0;
    if (take_alias_apart(&cli->arena, text, &reference, &rest)) {
        r = subject_resolve(server, &reference);
        if (r)
            return r;
        text = arena_printf(&cli->arena, "%s@%s%s", reference.model, reference.version, rest);
        if (ref_parse(text, &cli->arena, ret_ref, &why) == 0)
            return 0;
    }
    return output_fail(&cli->output, CLI_USAGE,
                       "such as digits@1.0.0, digits@champion, dataset:faces@3 or run:UUID",
                       "'%s' names no node of the lineage: %s", text, why);
}

const char *subject_address(const struct server *server, const struct reference *reference,
                            const char *part)
{
    const char *segments[5] = {"models", reference->model};
    size_t count = 2;

    if (reference->version) {
        segments[count++] = "versions";
        segments[count++] = reference->version;
    }
    if (part)
        segments[count++] = part;
    return server_address(server, segments, count);
}

const char *subject_name(struct cli *cli, const struct reference *reference)
{
    return reference->version
               ? arena_printf(&cli->arena, "%s@%s", reference->model, reference->version)
               : reference->model;
}
