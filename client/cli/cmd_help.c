/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_help.h"

#include "base/cleanup.h"
#include "cli/commands.h"

#include <jansson.h>
#include <string.h>

static const char overview_head[] = "modelferry: publish signed models, and bring them to devices\n"
                                    "\n"
                                    "usage: modelferry COMMAND [OPTIONS] [ARGUMENTS]\n"
                                    "\n"
                                    "commands:\n";

static const char overview_tail[] =
    "\n"
    "modelferry help COMMAND shows its options; modelferry(1) has examples and exit statuses.\n";

/* The operands as one text: "model key". */
static const char *join(struct arena *arena, int argc, char **argv)
{
    const char *text = argv[0];

    for (int i = 1; i < argc; i++)
        text = arena_printf(arena, "%s %s", text, argv[i]);
    return text;
}

static bool starts_with_words(const char *words, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(words, prefix, length) == 0 && words[length] == ' ';
}

bool cmd_help_is_group(int argc, char **argv)
{
    for (const struct options_command *c = commands_table; argc > 0 && c->words; c++)
        if (starts_with_words(c->words, argv[0]))
            return true;
    return false;
}

int cmd_help_command(struct cli *cli, const struct options_command *command)
{
    options_print_command("modelferry", command, commands_common, cli->output.out);
    return CLI_OK;
}

/* The commands that start with these words. */
static int print_group(struct cli *cli, const char *words)
{
    size_t count = 0;

    for (const struct options_command *c = commands_table; c->words; c++) {
        if (!starts_with_words(c->words, words))
            continue;
        (void)fprintf(cli->output.out, "modelferry %s%s%s\n    %s\n", c->words,
                      *c->operands ? " " : "", c->operands, c->summary);
        count++;
    }
    return count > 0 ? CLI_OK : -1;
}

static int print_overview(FILE *out)
{
    (void)fputs(overview_head, out);
    options_print_commands(commands_table, out);
    (void)fputs("\ncommon options:\n", out);
    options_print_help(commands_common, true, out);
    (void)fputs(overview_tail, out);
    return CLI_OK;
}

int cmd_help_help(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    const struct options_command *command;
    const char *error;
    const char *words;
    int taken;

    if (operands == 0)
        return print_overview(cli->output.out);
    words = join(&cli->arena, operands, operand);
    if (options_command_find(commands_table, &cli->arena, operands, operand, &command, &taken,
                             &error) == 0 &&
        taken == operands)
        return cmd_help_command(cli, command);
    if (print_group(cli, words) == CLI_OK)
        return CLI_OK;
    return output_fail(&cli->output, CLI_USAGE, "see modelferry help", "there is no command '%s'",
                       words);
}

int cmd_help_version(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    json_auto_t *document = json_pack("{s:s}", "version", MODELFERRY_VERSION);

    (void)operands;
    (void)operand;
    output_line(&cli->output, "modelferry %s", MODELFERRY_VERSION);
    output_json(&cli->output, document);
    return CLI_OK;
}

int cmd_help_overview(struct cli *cli, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_overview(cli->output.out);
        if (strcmp(argv[i], "--version") == 0)
            return cmd_help_version(cli, 0, NULL);
    }
    return output_fail(&cli->output, CLI_USAGE, "see modelferry help", "a command is missing");
}

/* ---- completion ---------------------------------------------------------------------------- */

static void print_flags(const struct option_entry *table, FILE *out)
{
    for (const struct option_entry *entry = table; entry && entry->name; entry++) {
        (void)fputs(" --", out);
        for (const char *c = entry->name; *c; c++)
            (void)fputc(*c == '_' ? '-' : *c, out);
    }
}

/*
 * The script knows the commands by their words: it completes the next word while what was typed
 * starts some command, and flags (and files) behind a whole command.
 */
static const char bash_head[] =
    "# bash completion of modelferry: source <(modelferry completion bash)\n"
    "_modelferry()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} typed=\"\" found=\"\" flags=\"\" words=\"\" line "
    "i\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        [[ ${COMP_WORDS[i]} == -* ]] && break\n"
    "        typed+=\"${COMP_WORDS[i]} \"\n"
    "    done\n"
    "    while IFS= read -r line; do\n"
    "        local name=\"${line%%|*} \"\n"
    "        if [[ $typed == \"$name\"* && ${#name} -gt ${#found} ]]; then\n"
    "            found=$name\n"
    "            flags=${line#*|}\n"
    "        elif [[ $name == \"$typed\"* ]]; then\n"
    "            local rest=${name#\"$typed\"}\n"
    "            words+=\"${rest%% *} \"\n"
    "        fi\n"
    "    done <<'END'\n";

static const char bash_tail[] =
    "END\n"
    "    if [[ $current == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$current\")\n"
    "    elif [[ -n $found ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\" | sort -u)\n"
    "    fi\n"
    "}\n"
    "complete -o filenames -F _modelferry modelferry\n";

int cmd_help_completion(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    FILE *out = cli->output.out;

    (void)operands;
    if (strcmp(operand[0], "bash") != 0)
        return cli_usage(cli, "there is no completion for '%s', only for bash", operand[0]);
    (void)fputs(bash_head, out);
    for (const struct options_command *command = commands_table; command->words; command++) {
        (void)fprintf(out, "%s|", command->words);
        print_flags(command->table, out);
        print_flags(commands_common, out);
        (void)fputc('\n', out);
    }
    (void)fputs(bash_tail, out);
    return CLI_OK;
}
