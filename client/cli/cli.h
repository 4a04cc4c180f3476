/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/options.h"
#include "cli/output.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The exit status of every command; stable, documented in modelferry(1).
 *
 * Functions of the command line return 0, one of these once the reason was reported
 * (output_fail), or negative when fatal and logged, which ends as CLI_FAILED.
 */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,        /* refused by the server, or failed here */
    CLI_USAGE = 2,         /* the command line is wrong; nothing was done */
    CLI_UNREACHABLE = 3,   /* no answer, or the server cannot serve now: try again */
    CLI_TIMED_OUT = 4,     /* --timeout passed; what was asked for goes on */
    CLI_UNVERIFIED = 5,    /* bytes or signatures are not what they should be */
    CLI_INTERRUPTED = 130, /* by a signal */
};

/* Everything that any flag can set; which command takes which is in commands.c. */
struct cli_flags {
    /* all commands */
    bool help;
    bool json;
    bool quiet;
    const char *profile;

    const char *name;
    const char *out;
    const char *token_file;
    const char *ca_file;
    const char *description;
    const char *key;
    const char *instead_of;
    const char *to;
    const char *passphrase_file;
    const char *new_passphrase_file;
    const char *slot;
    const char *variant;
    const char *reload;
    const char *add_variant;
    const char *device_url;
    const char *state;
    const char *metadata_dir;
    const char *metadata_url;
    const char *target_dir;
    const char *target_base_url;
    const char *kinds;
    const char *at;
    const char *html;
    const char *job;
    const char *publish;
    const char *from_run;
    struct options_list target_names;
    struct options_list root_keys;
    struct options_list targets_keys;
    int64_t threshold;
    int64_t targets_threshold;
    struct options_list keys;
    struct options_list tags;
    struct options_list metrics;
    struct options_list params;
    struct options_list variants;
    struct options_list inputs;
    struct options_list outputs;
    struct options_list trust;
    struct options_list devices;
    struct options_list attributes;
    struct options_list from;
    struct options_list ins;
    struct options_list outs;
    struct options_list env;
    int64_t role;   /* index into commands_roles */
    int64_t format; /* index into cmd_lineage_formats */
    int64_t depth;
    int64_t uses;
    int64_t limit;
    int64_t expires_ms;
    int64_t timeout_ms;
    int64_t retry_ms;
    int64_t low_speed_ms;
    int64_t release_counter;
    bool draft;
    bool yes;
    bool anew;
    bool online_key;
    bool no_passphrase;
    bool all;
    bool wait;
    bool online;
    bool declared;
    bool directed;
    bool probe;
    const char *sort;
    const char *expect;
    const char *dataset;
    const char *reason;
    const char *object;
    const char *actor;
    const char *action;
    struct options_list evidence;
    struct options_list protect;
    struct options_list unprotect;
    int64_t approvals; /* -1: not said */
    int64_t newest;    /* 0: not said */
    int64_t keep_days; /* 0: age keeps none */
    int64_t grace_days;
    bool models;
    bool pem;
    bool rotate;
};

/* What a command is given. */
struct cli {
    const struct clock *clock;
    FILE *in;
    struct output output;
    struct cli_flags flags;
    struct arena arena; /* lives as long as the command */
};

/*
 * Runs the command that argv (with the program's name) asks for. Streams stay open.
 *
 * Returns an exit status.
 */
int cli_run(const struct clock *clock, FILE *in, FILE *out, FILE *err, int argc, char **argv);

/* Reports a command line that is wrong: CLI_USAGE. */
int cli_usage(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
