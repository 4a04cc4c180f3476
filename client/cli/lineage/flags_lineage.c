/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/flags_lineage.h"

#include "cli/flags.h"
#include "cli/lineage/cmd_lineage.h"

const struct option_entry flags_lineage_run[] = {
    TEXT("job", job, "NAME", "What it is a run of. Otherwise the name of the command."),
    LIST(
        "in", ins, "NODE|PATH",
        "What it reads: a file or a directory, which is hashed; dataset:NAME=PATH, the same with a "
        "name; or a node such as dataset:faces@3 or digits@1.0.0. May be repeated."),
    LIST("out", outs, "PATH",
         "What it makes: a file, a directory, dataset:NAME=PATH. May be repeated."),
    LIST("env", env, "NAME", "Records this variable of the environment too; may be repeated."),
    {.name = "probe",
                                                                                            .type = OPTION_BOOL,
                                                                                            AT(probe),
                                                                                            .fallback = "true",
                                                                                            .help = "Asks a command that is found in PATH for its version, by running it with --version "
             "first; --no-probe does not."},
    TEXT("publish", publish, "MODEL@VERSION",
         "Where it succeeds, publishes what --out names, from this run; with --variant, --metric, "
         "--param, --tag, --description and --key as of modelferry publish."),
    LIST("variant", variants, "VARIANT", "Which variant of the version it makes."),
    LIST("metric", metrics, "KEY=NUMBER", "A metric, such as accuracy=0.97; may be repeated."),
    LIST("param", params, "KEY=VALUE", "A parameter of the training; may be repeated."),
    FLAG_TAGS,
    FLAG_DESCRIPTION("What is new in this version."),
    FLAG_KEY("The key to sign with, by name or key file. Otherwise your only key, or 'default'."),
    FLAG_RETRY,
    FLAG_PASSPHRASE,
    END,
};

#define FLAGS_LINEAGE                                                                              \
    {.name = "format",                                                                             \
     .type = OPTION_CHOICE,                                                                        \
     AT(format),                                                                                   \
     .fallback = "text",                                                                           \
     .choices = cmd_lineage_formats,                                                               \
     .help = "text for people, dot for Graphviz, json for programs."},                             \
        {.name = "depth",                                                                          \
         .type = OPTION_INTEGER,                                                                   \
         AT(depth),                                                                                \
         .fallback = "0",                                                                          \
         .min = 0,                                                                                 \
         .max = 1000000,                                                                           \
         .value_name = "N",                                                                        \
         .help = "At most so many steps; 0 is any number."},                                       \
        {.name = "limit",                                                                          \
         .type = OPTION_INTEGER,                                                                   \
         AT(limit),                                                                                \
         .fallback = "0",                                                                          \
         .min = 0,                                                                                 \
         .max = 100000,                                                                            \
         .value_name = "N",                                                                        \
         .help = "Visits at most so many nodes; 0 is the server's default, 20000."},               \
        SWITCH("declared", declared,                                                               \
               "Follows also what jobs declare that they read and write, not only what runs did.")
#define FLAG_KINDS                                                                                 \
    TEXT(                                                                                          \
        "kinds", kinds, "KIND,...",                                                                \
        "Shows only these: dataset, dataset-version, code, job, run, version, variant, artifact, " \
        "deployment, device.")

const struct option_entry flags_lineage_walk[] = {FLAGS_LINEAGE, FLAG_KINDS, END};

const struct option_entry flags_lineage_path[] = {
    FLAGS_LINEAGE,
    SWITCH("directed", directed,
           "Only a path along which data flows, not one through what both have in common."),
    END,
};

#define FLAGS_REPORT                                                                               \
    {.name = "output",                                                                             \
     .type = OPTION_TEXT,                                                                          \
     AT(out),                                                                                      \
     .letter = 'o',                                                                                \
     .value_name = "FILE",                                                                         \
     .help = "Writes the signed report there, as modelferry audit verify takes it."},              \
        TEXT("html", html, "FILE", "Writes the report there for people, as one HTML page.")

const struct option_entry flags_lineage_explain_device[] = {
    TEXT("at", at, "TIME", "When, such as 2026-01-02T03:04:05Z. Otherwise now."),
    FLAGS_REPORT,
    END,
};

const struct option_entry flags_lineage_explain[] = {FLAGS_REPORT, END};
