/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/difference.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/printable.h"
#include "cli/trust/manifest_diff.h"

#include <string.h>

static void print_line(struct cli *cli, const struct manifest_diff_line *line)
{
    static const char marks[] = {[MANIFEST_DIFF_SAME] = ' ',
                                 [MANIFEST_DIFF_ADDED] = '+',
                                 [MANIFEST_DIFF_REMOVED] = '-',
                                 [MANIFEST_DIFF_CHANGED] = '~'};
    bool changed = line->kind == MANIFEST_DIFF_CHANGED;

    output_line(&cli->output, "%c %s = %s%s%s", marks[line->kind],
                printable_text(&cli->arena, line->path),
                printable_text(&cli->arena, line->before ? line->before : line->after),
                changed ? " -> " : "", changed ? printable_text(&cli->arena, line->after) : "");
}

static bool mentions(const struct manifest_diff_line *line, const char *keyid)
{
    return line->kind != MANIFEST_DIFF_SAME &&
           (strstr(line->path, keyid) || (line->before && strstr(line->before, keyid)) ||
            (line->after && strstr(line->after, keyid)));
}

static void name_key(struct cli *cli, const struct manifest_diff *diff, const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    if (keystore_peek(cli, name, &key))
        return;
    for (size_t i = 0; i < diff->count; i++) {
        if (!mentions(&diff->lines[i], key.key.id))
            continue;
        output_line(&cli->output, "  (%s is your key '%s')", key.key.id, name);
        return;
    }
}

/* People know keys by their names. */
static void name_keys(struct cli *cli, const struct manifest_diff *diff)
{
    const char **names;
    size_t count;

    if (keystore_list(cli, &names, &count))
        return;
    for (size_t i = 0; i < count; i++)
        name_key(cli, diff, names[i]);
}

void difference_show(struct cli *cli, const json_t *before, const json_t *after)
{
    struct manifest_diff diff;

    if (cli->output.json)
        return;
    manifest_diff_make(&cli->arena, before, after, &diff);
    for (size_t i = 0; i < diff.count; i++)
        if (diff.lines[i].kind != MANIFEST_DIFF_SAME)
            print_line(cli, &diff.lines[i]);
    name_keys(cli, &diff);
}
