/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include "model/name.h"

#include <string.h>

int reference_check(struct cli *cli, const char *model, const char *version,
                    struct reference *ret_reference)
{
    const char *expected = name_check(model);

    if (expected)
        return cli_usage(cli, "'%s' is no name of a model: %s", model, expected);
    expected = name_check_version(version);
    if (expected && *version >= 'a' && *version <= 'z' && !name_check_alias(version))
        return output_fail(&cli->output, CLI_USAGE,
                           arena_printf(&cli->arena,
                                        "an alias can move meanwhile: name the version itself, "
                                        "which 'modelferry alias ls %s' shows",
                                        model),
                           "'%s' is no version: %s", version, expected);
    if (expected)
        return cli_usage(cli, "'%s' is no version: %s", version, expected);
    *ret_reference = (struct reference){.model = model, .version = version};
    return 0;
}

int reference_parse(struct cli *cli, const char *text, struct reference *ret_reference)
{
    const char *at = strchr(text, '@');

    if (!at)
        return output_fail(&cli->output, CLI_USAGE, "write MODEL@VERSION, such as digits@1.0.0",
                           "'%s' names no version", text);
    return reference_check(cli, arena_strndup(&cli->arena, text, (size_t)(at - text)),
                           arena_strdup(&cli->arena, at + 1), ret_reference);
}

int reference_pair(struct cli *cli, const char *flag, const char *text, const char **ret_key,
                   const char **ret_value)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text)
        return cli_usage(cli, "%s '%s' is not of the form KEY=VALUE", flag, text);
    *ret_key = arena_strndup(&cli->arena, text, (size_t)(equals - text));
    *ret_value = arena_strdup(&cli->arena, equals + 1);
    return 0;
}
