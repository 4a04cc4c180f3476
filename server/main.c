/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/notify.h"
#include "commands.h"
#include "config.h"
#include "crypto/secret.h"
#include "dev.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define WAIT_MAX_MS (60 * 60 * 1000)

static int complain(const char *error)
{
    (void)fprintf(stderr, "modelferryd: %s\n", error);
    return EXIT_USAGE;
}

static void print_help(void)
{
    (void)printf("usage: modelferryd [OPTIONS]\n"
                 "       modelferryd COMMAND [OPTIONS]\n\n"
                 "Serves a registry of machine-learning models and updates the devices that run "
                 "them.\n\ncommands:\n");
    options_print_commands(commands_all, stdout);
    (void)printf("\noptions:\n");
    options_print_help(config_table, false, stdout);
    (void)printf("\nEverything in the configuration file can also be given as a flag or a variable "
                 "(see --print-config):\n");
    (void)printf("  [database] connect_timeout   --database-connect-timeout   "
                 "MODELFERRY_DATABASE_CONNECT_TIMEOUT\n");
}

/* ---- serving -------------------------------------------------------------------------------- */

struct arguments {
    int count;
    char **values; /* as they were given */
};

/* A copy, since parsing moves operands. */
static int load(struct arena *arena, const struct arguments *arguments, struct config *ret_config,
                int *ret_operands, char ***ret_operand, const char **ret_error)
{
    char **copy = arena_array(arena, (size_t)arguments->count + 1, sizeof(*copy));

    for (int i = 0; i < arguments->count; i++)
        copy[i] = arguments->values[i];
    *ret_operand = copy;
    return config_load(arena, arguments->count, copy, ret_config, ret_operands, ret_error);
}

static void reload(struct app *app, const struct dev *dev, const struct arguments *arguments)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *error = "the configuration cannot be read";
    struct config config;
    char **operand;
    int operands;

    notify_reloading();
    if (load(&arena, arguments, &config, &operands, &operand, &error) == 0 &&
        config_check(&config, &arena, &error) == 0) {
        dev_apply(dev, &arena, &config);
        app_reload(app, &config);
    } else {
        (void)log_fail(ERR_INTERNAL, "not reloaded: %s", error);
    }
    notify_send("READY=1");
}

/* Until SIGTERM or SIGINT. */
static void wait_for_end(struct app *app, struct dev *dev, const struct arguments *arguments,
                         const sigset_t *signals)
{
    int64_t watchdog_ms = notify_watchdog_ms();

    for (;;) {
        int64_t wait_ms = watchdog_ms ? watchdog_ms : WAIT_MAX_MS;
        int64_t dev_ms = dev_watch(dev);
        struct timespec wait;
        int signal;

        if (dev_ms >= 0 && dev_ms < wait_ms)
            wait_ms = dev_ms;
        wait.tv_sec = wait_ms / 1000;
        wait.tv_nsec = (long)(wait_ms % 1000) * 1000000;
        signal = sigtimedwait(signals, NULL, &wait);

        if (watchdog_ms)
            notify_send("WATCHDOG=1");
        if (signal == SIGHUP)
            reload(app, dev, arguments);
        if (signal == SIGTERM || signal == SIGINT)
            return;
    }
}

static int serve_until_told(const struct config *config, struct dev *dev,
                            const struct arguments *arguments, const sigset_t *signals)
{
    struct app *app;
    bool failed;

    if (app_new(config, &app) != 0)
        return EXIT_FAILED;
    notify_send("READY=1");
    wait_for_end(app, dev, arguments, signals);
    notify_send("STOPPING=1");
    log_line(LOG_INFO, "stopping");
    failed = app_has_failed(app);
    app_free(app);
    return failed ? EXIT_FAILED : 0;
}

static int serve(struct config *config, struct arena *arena, const struct arguments *arguments)
{
    struct dev *dev = NULL;
    sigset_t signals;
    int status = EXIT_FAILED;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGCHLD);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    log_configure((enum log_level)config->log_level, (enum log_format)config->log_format);
    if (!config->dev || dev_start(config->dev, arena, config, &dev) == 0)
        status = serve_until_told(config, dev, arguments, &signals);
    dev_stop(dev);
    return status;
}

/* ---- everything else ------------------------------------------------------------------------ */

static int run_command(struct config *config, struct arena *arena, int operands, char **operand)
{
    const struct options_command *command;
    struct dev *dev = NULL;
    const char *error;
    int status;
    int words;

    if (options_command_find(commands_all, arena, operands, operand, &command, &words, &error) ||
        options_command_check(command, arena, "modelferryd", operands - words, &error) ||
        config_check(config, arena, &error))
        return complain(error);
    log_configure(LOG_WARN, (enum log_format)config->log_format);
    if (config->dev && dev_join(config->dev, arena, config, &dev) != 0)
        return EXIT_FAILED;
    status = command->run(config, operands - words, operand + words);
    dev_stop(dev);
    return status;
}

static int run(struct config *config, struct arena *arena, const struct arguments *arguments,
               int operands, char **operand)
{
    const char *error;

    if (config->help) {
        print_help();
        return 0;
    }
    if (config->version) {
        (void)printf("modelferryd %s\n", MODELFERRY_VERSION);
        return 0;
    }
    if (config->print_config) {
        options_print_file(config_table, stdout);
        return 0;
    }
    if (config->print_reference) {
        (void)printf(
            "# Configuration of modelferryd\n\n"
            "Made by `modelferryd --print-reference`; a lint test holds that it is current. "
            "Defaults are\noverridden by the file (`--config`), the file by the "
            "environment, the environment by flags;\nmodelferryd(8) says more.\n");
        options_print_markdown(config_table, CONFIG_ENVIRONMENT_PREFIX, stdout);
        return 0;
    }
    if (operands > 0)
        return run_command(config, arena, operands, operand);
    if (config_check(config, arena, &error) != 0)
        return complain(error);
    if (config->check_config)
        return 0;
    return serve(config, arena, arguments);
}

int main(int argc, char **argv)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct arguments arguments = {argc - 1, argv + 1};
    const char *error = "the configuration cannot be read";
    struct config config;
    char **operand;
    int operands;

    if (!secret_init())
        return complain("no randomness can be had from the system");
    if (load(&arena, &arguments, &config, &operands, &operand, &error) != 0)
        return complain(error);
    return run(&config, &arena, &arguments, operands, operand);
}
