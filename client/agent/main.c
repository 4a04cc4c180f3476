/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"
#include "agent/daemon.h"
#include "agent/enroll.h"
#include "agent/status.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/options.h"
#include "crypto/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

struct invocation {
    struct config config;
    struct arena arena;
    int argc; /* of the flags */
    char **argv;
};

static void apply_log(const struct config *config)
{
    log_configure((enum log_level)config->log_level, (enum log_format)config->log_format);
}

/* Flags are read again too: argv was reordered in place, and still means the same. */
static void reload(void *state)
{
    struct invocation *invocation = state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct config config;
    const char *error = "the log says why";
    int operands;

    if (config_load(&config, &arena, invocation->argc, invocation->argv, &operands, &error)) {
        log_line(LOG_ERROR, "keeping the configuration: %s", error);
        return;
    }
    apply_log(&config);
    log_line(LOG_INFO, "the configuration was read again");
}

static int run_enroll(void *context, int operands, char **operand)
{
    const struct invocation *invocation = context;

    (void)operands;
    (void)operand;
    return enroll_run(&invocation->config);
}

static int run_daemon(void *context, int operands, char **operand)
{
    struct invocation *invocation = context;

    (void)operands;
    (void)operand;
    if (invocation->config.check_config)
        return 0;
    return daemon_run(&invocation->config, reload, invocation);
}

static int run_status(void *context, int operands, char **operand)
{
    const struct invocation *invocation = context;

    (void)operands;
    (void)operand;
    return status_print(&invocation->config);
}

static int run_config(void *context, int operands, char **operand)
{
    (void)context;
    (void)operands;
    (void)operand;
    options_print_file(config_table, stdout);
    return 0;
}

static const struct options_command commands[] = {
    {"enroll",                                   "", 0, 0, NULL, run_enroll, "Make this machine a device of a server.",
     "Needs --url, --token-file (or --token), and what to trust: --root FILE, or, the simple way, "
     "one\n"
     "or more --trust KEYFILE. The device's key is made here and stays here. May be repeated."},
    {"run",                                         "", 0, 0, NULL, run_daemon, "Keep the slots as the server wants them.", NULL},
    {"status",                                      "", 0, 0, NULL, run_status, "Show slots, versions and what is under way.",
     "Ends with 0, with 3 where no agent runs, with 1 where there is nothing to tell."},
    {"config", "", 0, 0, NULL, run_config, "Print the documented configuration file.", NULL},
    {0                                         },
};

static int usage(const char *error)
{
    (void)fprintf(stderr, "modelferry-agent: %s\nTry 'modelferry-agent --help'.\n", error);
    return EXIT_USAGE;
}

static int print_help(void)
{
    (void)printf("Usage: modelferry-agent COMMAND [FLAG...]\n\n"
                 "Keeps the models of this device as its modelferry server wants them: signed,\n"
                 "verified, switched without a gap.\n\nCommands:\n");
    options_print_commands(commands, stdout);
    (void)printf("\nFlags:\n");
    options_print_help(config_table, true, stdout);
    return 0;
}

static int run(struct invocation *invocation, int argc, char **argv)
{
    const struct options_command *command = NULL;
    const char *error = "the log says why";
    int operands = 0;
    int words = 0;

    if (argc > 0 && argv[0][0] != '-' &&
        options_command_find(commands, &invocation->arena, argc, argv, &command, &words, &error))
        return usage(error);
    invocation->argc = argc - words;
    invocation->argv = argv + words;
    if (config_load(&invocation->config, &invocation->arena, invocation->argc, invocation->argv,
                    &operands, &error))
        return usage(error);
    if (invocation->config.version) {
        (void)printf("modelferry-agent %s\n", MODELFERRY_VERSION);
        return 0;
    }
    if (invocation->config.help)
        return print_help();
    if (!command)
        return usage("no command: enroll, run, status or config");
    if (options_command_check(command, &invocation->arena, "modelferry-agent", operands, &error))
        return usage(error);
    apply_log(&invocation->config);
    return command->run(invocation, operands, invocation->argv);
}

int main(int argc, char **argv)
{
    struct invocation invocation = {0};
    int status;

    if (!secret_init()) {
        (void)fprintf(stderr, "modelferry-agent: no source of randomness\n");
        return 1;
    }
    status = run(&invocation, argc - 1, argv + 1);
    arena_release(&invocation.arena);
    return status;
}
