/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_yank.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/prompt.h"
#include "cli/trust/release.h"
#include "cli/trust/workspace.h"

static const char *name_it(struct cli *cli, const struct reference *reference)
{
    const char *variant = cli->flags.variant;

    return arena_printf(&cli->arena, "%s@%s%s%s", reference->model, reference->version,
                        variant ? "/" : "", variant ? variant : "");
}

int cmd_yank_yank(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(workspace_close) struct workspace workspace = {0};
    CLEANUP(keystore_release) struct keystore_key key = {0};
    json_auto_t *document = NULL;
    struct release release = {
        .trust = &workspace.trust,
        .signers = &key.signer,
        .signer_count = 1,
        .lifetime_ms = cli->flags.expires_ms,
        .shows = true,
    };
    struct reference reference;
    const char *what;
    int r;

    (void)operands;
    r = reference_parse(cli, operand[0], &reference);
    if (!r && cli->flags.variant && variant_check(cli->flags.variant))
        return cli_usage(cli, "'%s' is no variant: %s is expected", cli->flags.variant,
                         variant_check(cli->flags.variant));
    if (!r)
        r = keystore_read(cli, cli->flags.key, &key);
    if (!r)
        r = workspace_open(cli, &workspace);
    what = r ? NULL : name_it(cli, &reference);
    if (!r)
        r = prompt_confirm(cli, "yank %s, which never comes back", what);
    if (!r)
        r = keystore_unlock(cli, &key);
    if (!r)
        r = release_yank(&release, &reference, cli->flags.variant);
    if (r)
        return r;
    document =
        json_pack("{s:s, s:s, s:s*, s:b}", "model", reference.model, "version", reference.version,
                  "variant", cli->flags.variant, "in_force", release.in_force);
    output_json(&cli->output, document);
    if (release.in_force)
        output_line(&cli->output, "yanked %s", what);
    return CLI_OK;
}
