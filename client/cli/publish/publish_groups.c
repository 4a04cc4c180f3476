/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/publish_groups.h"

#include "base/cleanup.h"

#include <string.h>
#include <unistd.h>

/* No file on a command line starts like this by accident. */
#define MARK '\x01'
#define FLAG "--variant"

static const struct {
    const char *ending;
    const char *runtime;
} runtimes[] = {
    {".onnx",   "onnx"  },
    {".tflite", "tflite"},
};

char *publish_groups_operand(struct arena *arena, const char *variant)
{
    return arena_printf(arena, "%c%s", MARK, variant);
}

int publish_groups_mark(struct arena *arena, int argc, char **argv)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], FLAG) == 0 && i + 1 < argc)
            argv[kept++] = publish_groups_operand(arena, argv[++i]);
        else if (strncmp(argv[i], FLAG "=", strlen(FLAG "=")) == 0)
            argv[kept++] = publish_groups_operand(arena, argv[i] + strlen(FLAG "="));
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

/* Without --variant: what the ending of the first file that has a known one says. */
static int guess_variant(struct cli *cli, int operands, char **operand,
                         struct publish_groups *groups)
{
    for (int i = 0; i < operands; i++) {
        const char *dot = strrchr(operand[i], '.');

        for (size_t j = 0; dot && j < ARRAY_LEN(runtimes); j++) {
            if (strcasecmp(dot, runtimes[j].ending) != 0)
                continue;
            groups->groups[0].variant = (struct variant){runtimes[j].runtime, "cpu", "fp32"};
            groups->count = 1;
            output_note(&cli->output, "variant %s/cpu/fp32 is assumed; --variant says another",
                        runtimes[j].runtime);
            return 0;
        }
    }
    return cli_usage(cli, "say which variant '%s' is: --variant runtime/hardware/precision",
                     operand[0]);
}

/* "NAME=FILE", or a file that gives the artifact its name. */
static int read_file(struct cli *cli, char *operand, struct publish_file *file)
{
    char *equals = strchr(operand, '=');
    const char *slash;
    const char *expected;

    file->path = operand;
    if (equals && !memchr(operand, '/', (size_t)(equals - operand)) && access(operand, F_OK) != 0) {
        file->name = arena_strndup(&cli->arena, operand, (size_t)(equals - operand));
        file->path = equals + 1;
    } else {
        slash = strrchr(operand, '/');
        file->name = slash ? slash + 1 : operand;
    }
    expected = name_check_artifact(file->name);
    if (expected)
        return output_fail(&cli->output, CLI_USAGE, "give it another name: NAME=FILE",
                           "'%s' is no name of an artifact: %s", file->name, expected);
    return 0;
}

static int start_group(struct cli *cli, const char *said, struct publish_groups *groups)
{
    struct publish_group *group = &groups->groups[groups->count];
    const char *expected = variant_check(said);

    if (expected)
        return cli_usage(cli, "'%s' is no variant: %s", said, expected);
    if (groups->count == MANIFEST_VARIANTS_MAX)
        return cli_usage(cli, "a version has at most %d variants", MANIFEST_VARIANTS_MAX);
    if (!variant_parse(said, &cli->arena, &group->variant))
        return cli_usage(cli, "'%s' is no variant", said);
    for (size_t i = 0; i < groups->count; i++)
        if (variant_equal(&groups->groups[i].variant, &group->variant))
            return cli_usage(cli, "variant '%s' is given twice", said);
    groups->count++;
    return 0;
}

static int add_file(struct cli *cli, char *operand, struct publish_groups *groups, size_t room)
{
    struct publish_group *group = &groups->groups[groups->count - 1];
    struct publish_file file = {0};
    int r;

    r = read_file(cli, operand, &file);
    if (r)
        return r;
    if (!group->files)
        group->files = arena_array(&cli->arena, room, sizeof(*group->files));
    if (group->count == MANIFEST_ARTIFACTS_MAX)
        return cli_usage(cli, "a variant has at most %d artifacts", MANIFEST_ARTIFACTS_MAX);
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->files[i].name, file.name) == 0)
            return output_fail(&cli->output, CLI_USAGE, "give one of them another name: NAME=FILE",
                               "two artifacts of one variant are named '%s'", file.name);
    group->files[group->count++] = file;
    return 0;
}

static int first_without_variant(struct cli *cli, int operands, char **operand,
                                 struct publish_groups *groups)
{
    for (int i = 1; i < operands; i++)
        if (operand[i][0] == MARK)
            return cli_usage(cli, "'%s' stands in front of every --variant: it belongs to none",
                             operand[0]);
    return guess_variant(cli, operands, operand, groups);
}

int publish_groups_read(struct cli *cli, int operands, char **operand,
                        struct publish_groups *ret_groups)
{
    struct publish_groups groups = {
        .groups = arena_array(&cli->arena, MANIFEST_VARIANTS_MAX + 1, sizeof(*groups.groups)),
    };
    int r;

    if (operands == 0)
        return cli_usage(cli, "nothing to publish: name at least one FILE");
    r = operand[0][0] == MARK ? 0 : first_without_variant(cli, operands, operand, &groups);
    for (int i = 0; i < operands && !r; i++)
        r = operand[i][0] == MARK ? start_group(cli, operand[i] + 1, &groups)
                                  : add_file(cli, operand[i], &groups, (size_t)operands);
    if (r)
        return r;
    for (size_t i = 0; i < groups.count; i++)
        if (groups.groups[i].count == 0)
            return cli_usage(cli, "variant '%s/%s/%s' has no FILE behind it",
                             groups.groups[i].variant.runtime, groups.groups[i].variant.hardware,
                             groups.groups[i].variant.precision);
    *ret_groups = groups;
    return 0;
}

/* "runtime=dlc,hardware=sm8650-htp,precision=int8", in any order, as "dlc/sm8650-htp/int8". */
static const char *read_parts(struct cli *cli, const char *said)
{
    static const char *const names[] = {"runtime", "hardware", "precision"};
    const char *values[ARRAY_LEN(names)] = {"", "", ""};
    char *rest = arena_strdup(&cli->arena, said);

    while (rest) {
        char *comma = strchr(rest, ',');
        char *equals = strchr(rest, '=');
        bool known = false;

        if (comma)
            *comma++ = '\0';
        for (size_t i = 0; equals && i < ARRAY_LEN(names); i++) {
            size_t length = strlen(names[i]);

            if ((size_t)(equals - rest) != length || strncmp(rest, names[i], length) != 0)
                continue;
            known = !values[i][0];
            values[i] = equals + 1;
        }
        if (!known)
            return said;
        rest = comma;
    }
    return arena_printf(&cli->arena, "%s/%s/%s", values[0], values[1], values[2]);
}

int publish_groups_read_added(struct cli *cli, int operands, char **operand,
                              struct publish_groups *ret_groups)
{
    char **all = arena_array(&cli->arena, (size_t)operands + 1, sizeof(*all));
    const char *said = read_parts(cli, cli->flags.add_variant);

    if (operands == 0)
        return cli_usage(cli, "nothing to add: name at least one FILE");
    for (int i = 0; i < operands; i++) {
        if (operand[i][0] == MARK)
            return cli_usage(cli, "--variant and --add-variant exclude each other");
        all[i + 1] = operand[i];
    }
    all[0] = arena_printf(&cli->arena, "%c%s", MARK, said);
    return publish_groups_read(cli, operands + 1, all, ret_groups);
}
