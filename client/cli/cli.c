/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/cmd_help.h"
#include "cli/commands.h"
#include "cli/publish/publish_groups.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int cli_usage(struct cli *cli, const char *format, ...)
{
    const char *message;
    va_list args;

    va_start(args, format);
    message = arena_vprintf(&cli->arena, format, args);
    va_end(args);
    return output_fail(&cli->output, CLI_USAGE, NULL, "%s", message);
}

/* How many arguments the common flag argv[0] takes, or 0 where it is none. */
static int common_flag_length(const char *argument)
{
    if (argument[0] != '-' || argument[1] == '\0')
        return 0;
    if (strcmp(argument, "--profile") == 0)
        return 2;
    return 1;
}

/* `modelferry --json model ls` is `modelferry model ls --json`. */
static void move_leading_flags(struct arena *arena, int argc, char ***argv)
{
    char **moved = arena_array(arena, (size_t)argc + 1, sizeof(*moved));
    int leading = 0;

    while (leading < argc && common_flag_length((*argv)[leading]) > 0)
        leading += common_flag_length((*argv)[leading]);
    if (leading >= argc)
        leading = argc;
    for (int i = 0; i < argc; i++)
        moved[i] = (*argv)[(i + leading) % argc];
    *argv = moved;
}

/* The command's flags and those of all commands, as one table. */
static const struct option_entry *join_tables(struct arena *arena,
                                              const struct options_command *command)
{
    struct option_entry *joined = arena_array(arena, OPTIONS_MAX + 1, sizeof(*joined));
    size_t count = 0;

    for (const struct option_entry *e = command->table; e && e->name && count < OPTIONS_MAX; e++)
        joined[count++] = *e;
    for (const struct option_entry *e = commands_common; e->name && count < OPTIONS_MAX; e++)
        joined[count++] = *e;
    return joined;
}

/* Whether --json was said, for errors that come before flags are read. */
static bool says_json(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int find_command(struct cli *cli, int argc, char **argv,
                        const struct options_command **ret_command, int *ret_words)
{
    const char *error;

    if (options_command_find(commands_table, &cli->arena, argc, argv, ret_command, ret_words,
                             &error) == 0)
        return 0;
    if (cmd_help_is_group(argc, argv))
        return output_fail(&cli->output, CLI_USAGE,
                           arena_printf(&cli->arena, "see modelferry help %s", argv[0]),
                           "'%s' alone is not a command", argv[0]);
    return output_fail(&cli->output, CLI_USAGE, "see modelferry help", "%s", error);
}

/* Those who drive `tuf` know two statuses only. */
static int narrow(const struct options_command *command, int status)
{
    return status && strcmp(command->words, "tuf") == 0 ? CLI_FAILED : status;
}

static int run_found(struct cli *cli, const struct options_command *command, int argc, char **argv)
{
    struct options_target target = {.values = &cli->flags, .arena = &cli->arena};
    const char *error;
    int operands;
    int r;

    if (strcmp(command->words, "publish") == 0)
        argc = publish_groups_mark(&cli->arena, argc, argv);
    target.table = join_tables(&cli->arena, command);
    options_defaults(&target);
    r = options_arguments(&target, argc, argv, &operands, &error);
    if (r < 0)
        return r;
    if (r)
        return output_fail(&cli->output, CLI_USAGE,
                           arena_printf(&cli->arena, "see modelferry help %s", command->words),
                           "%s", error);
    cli->output.json = cli->flags.json;
    cli->output.quiet = cli->flags.quiet;
    if (cli->flags.help)
        return cmd_help_command(cli, command);
    if (options_command_check(command, &cli->arena, "modelferry", operands, &error))
        return cli_usage(cli, "%s", error);
    return command->run(cli, operands, argv);
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    const struct options_command *command;
    int words;
    int r;

    r = find_command(cli, argc, argv, &command, &words);
    if (r)
        return r;
    return narrow(command, run_found(cli, command, argc - words, argv + words));
}

/* A result that nobody could read is no success. */
static int finish_output(struct cli *cli, int status)
{
    bool broken = fflush(cli->output.out) != 0 || ferror(cli->output.out);

    if (!broken || errno == EPIPE || status != CLI_OK)
        return status;
    return output_fail(&cli->output, CLI_FAILED, NULL, "cannot write the result: %s",
                       strerror(errno));
}

int cli_run(const struct clock *clock, FILE *in, FILE *out, FILE *err, int argc, char **argv)
{
    struct cli cli = {.clock = clock, .in = in};
    int status;

    output_init(&cli.output, out, err, clock_wall_ms(clock));
    argc = argc > 0 ? argc - 1 : 0;
    argv++;
    cli.output.json = says_json(argc, argv);
    log_configure(LOG_WARN, cli.output.json ? LOG_JSON : LOG_PLAIN);
    if (argc > 0)
        move_leading_flags(&cli.arena, argc, &argv);
    if (argc == 0 || argv[0][0] == '-')
        status = cmd_help_overview(&cli, argc, argv);
    else
        status = run_command(&cli, argc, argv);
    if (status < 0)
        status = CLI_FAILED;
    status = finish_output(&cli, status);
    arena_release(&cli.arena);
    return status;
}
