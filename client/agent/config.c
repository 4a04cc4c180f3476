/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "model/name.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const sync_modes[] = {"auto", "events", "longpoll", "poll", NULL};

#define AT(member) offsetof(struct config, member)

/* Flags that stand for an entry of the file come first: the entry's own default is applied last. */
// clang-format off
const struct option_entry config_table[] = {
    {NULL, "help", OPTION_BOOL, AT(help), .letter = 'h', .help = "Say how to use this, and exit."},
    {NULL, "version", OPTION_BOOL, AT(version), .help = "Say which version this is, and exit."},
    {NULL, "config", OPTION_TEXT, AT(config_file), .letter = 'c', .value_name = "FILE",
     .help = "The configuration file. Without this flag " CONFIG_FILE_DEFAULT " is read if it is there."},
    {NULL, "state_dir", OPTION_TEXT, AT(state_dir), .value_name = "DIR", .help = "The same as --agent-state-dir."},
    {NULL, "url", OPTION_TEXT, AT(server_url), .value_name = "URL", .help = "The same as --server-url."},
    {NULL, "name", OPTION_TEXT, AT(device_name), .value_name = "NAME", .help = "The same as --device-name."},
    {NULL, "token", OPTION_TEXT, AT(token), .value_name = "TOKEN",
     .help = "enroll: the enrolment token. Other users of this machine can see it in the list of processes; prefer --token-file."},
    {NULL, "token_file", OPTION_TEXT, AT(token_file), .value_name = "FILE",
     .help = "enroll: a file that holds the enrolment token; '-' is standard input."},
    {NULL, "root", OPTION_TEXT, AT(root_file), .value_name = "FILE",
     .help = "enroll: the roots that this device trusts from now on, as 'modelferry root export' writes them. Only what director and image repository agree on is ever installed."},
    {NULL, "trust", OPTION_LIST, AT(trust), .value_name = "KEYFILE",
     .help = "enroll: instead of --root, the simple way: the key file of a publisher whose models this device may run. Say it once a key. Nothing else is ever installed."},
    {NULL, "once", OPTION_BOOL, AT(once), .help = "run: bring everything up to date once, deliver reports, and exit."},
    {NULL, "json", OPTION_BOOL, AT(json), .help = "status: print JSON."},
    {NULL, "check_config", OPTION_BOOL, AT(check_config), .help = "run: read the configuration, say what is wrong with it, and exit."},

    {"agent", "state_dir", OPTION_TEXT, AT(state_dir), "/var/lib/modelferry", .value_name = "DIR",
     .help = "Where identity, models, downloads and reports are kept. One agent per directory."},
    {"agent", "socket", OPTION_TEXT, AT(socket), .value_name = "PATH",
     .help = "The Unix socket for libmodelferry and 'status'. Where it is not set: agent.sock in the state directory."},
    {"agent", "socket_group", OPTION_TEXT, AT(socket_group), .value_name = "GROUP",
     .help = "The group that may connect to the socket. Where it is not set, only the agent's own user and group."},
    {"agent", "log_level", OPTION_CHOICE, AT(log_level), "info", .choices = log_levels, .flags = OPTION_RELOADABLE, .help = "How much to log."},
    {"agent", "log_format", OPTION_CHOICE, AT(log_format), "text", .choices = log_formats, .flags = OPTION_RELOADABLE, .help = "The form of log lines."},

    {"server", "url", OPTION_TEXT, AT(server_url), .value_name = "URL",
     .help = "The server's device listener, such as https://ferry.example.org:8443. Where it is not set: the one of the enrolment."},
    {"server", "ca_file", OPTION_TEXT, AT(ca_file), .value_name = "FILE", .help = "The certificates (PEM) that the server's must descend from. Where it is not set: the system's."},
    {"server", "client_cert_file", OPTION_TEXT, AT(client_cert_file), .value_name = "FILE", .help = "A TLS client certificate (PEM)."},
    {"server", "client_key_file", OPTION_TEXT, AT(client_key_file), .value_name = "FILE", .help = "The client certificate's key (PEM)."},
    {"server", "connect_timeout", OPTION_DURATION, AT(connect_timeout_ms), "10s", .min = 100, .max = 600000, .help = "How long a connection may take to come about."},
    {"server", "low_speed_timeout", OPTION_DURATION, AT(low_speed_timeout_ms), "30s", .min = 1000, .max = 3600000,
     .help = "A transfer that is slower than low_speed_bytes a second for so long is given up and tried again later."},
    {"server", "low_speed_bytes", OPTION_SIZE, AT(low_speed_bytes), "128", .min = 1, .max = 1 << 30, .help = "See low_speed_timeout."},

    {"device", "name", OPTION_TEXT, AT(device_name), .value_name = "NAME", .help = "The device's name at enrolment. Where it is not set: the host's name."},
    {"device", "attribute", OPTION_LIST, AT(attributes), .value_name = "KEY=VALUE", .help = "What the device says of itself, such as board=rpi5."},
    {"device", "capability", OPTION_LIST, AT(capabilities), "onnx/cpu", .value_name = "RUNTIME/HARDWARE", .help = "What the device can run; variants are chosen by it."},

    {"sync", "mode", OPTION_CHOICE, AT(sync_mode), "auto", .choices = sync_modes,
     .help = "How the device learns of changes. auto: server-sent events; where they do not get through long polls; where those do not polls."},
    {"sync", "poll_interval", OPTION_DURATION, AT(poll_interval_ms), "0", .max = 30 * DAY_MS,
     .help = "How often to ask even without word from the server. 0: what the server said at enrolment."},
    {"sync", "long_poll", OPTION_DURATION, AT(long_poll_ms), "60s", .min = 1000, .max = 300000, .help = "How long the server may hold a long poll back."},
    {"sync", "silence", OPTION_DURATION, AT(silence_ms), "90s", .min = 1000, .max = DAY_MS,
     .help = "An event stream that is silent for so long is given up. The server sends heartbeats, by default every 30 s."},
    {"sync", "retry_base", OPTION_DURATION, AT(retry_base_ms), "2s", .min = 1, .max = 3600000, .help = "The first span of the exponential backoff."},
    {"sync", "retry_cap", OPTION_DURATION, AT(retry_cap_ms), "10m", .min = 1, .max = DAY_MS, .help = "The longest span of the backoff."},
    {"sync", "token_rotation", OPTION_DURATION, AT(token_rotation_ms), "30d", .max = 3650 * DAY_MS, .help = "The age at which the device asks for a new token. 0: never."},

    {"slot", "reload", OPTION_LIST, AT(reload), .value_name = "SLOT: KIND ...",
     .help = "How the application of a slot is told of a new model: 'main: watch', 'main: notify', 'main: signal HUP pidfile /run/app.pid' (or 'pid N', 'unit NAME'), 'main: restart COMMAND'. Of several rules of one slot the first counts, unless the server names another one of them. Where nothing is said: watch."},
    {"slot", "reload_timeout", OPTION_DURATION, AT(reload_timeout_ms), "60s", .min = 100, .max = DAY_MS,
     .help = "How long the application may take to say that it serves the new model, before the old one is put back."},
    {"slot", "reclaim_after", OPTION_DURATION, AT(reclaim_after_ms), "7d", .max = 3650 * DAY_MS,
     .help = "How long a slot that is desired no more is kept, counted while the agent runs. Then its disk is reclaimed, unless an application uses it. 0: never."},
    {0},
};
// clang-format on

static int invalid(struct arena *arena, const char **ret_error, const char *what, const char *text,
                   const char *expected)
{
    *ret_error = arena_printf(arena, "%s: invalid value '%s', expected %s", what, text, expected);
    return CONFIG_E_INVALID;
}

static int read_attributes(struct config *config, struct arena *arena, const char **ret_error)
{
    struct device_facts *facts = &config->facts;
    size_t count = config->attributes.count;

    if (count > DEVICE_ATTRIBUTES_MAX)
        return invalid(arena, ret_error, "device.attribute", "...", "at most 64 attributes");
    facts->attributes = arena_array(arena, count, sizeof(*facts->attributes));
    for (size_t i = 0; i < count; i++) {
        const char *text = config->attributes.texts[i];
        const char *equals = strchr(text, '=');
        const char *key = equals ? arena_strndup(arena, text, (size_t)(equals - text)) : "";

        if (!equals || name_check_tag_key(key) || name_check_tag_value(equals + 1))
            return invalid(arena, ret_error, "device.attribute", text, "KEY=VALUE");
        facts->attributes[i] = (struct fields_pair){key, arena_strdup(arena, equals + 1)};
    }
    facts->attribute_count = count;
    return 0;
}

static int read_capabilities(struct config *config, struct arena *arena, const char **ret_error)
{
    struct device_facts *facts = &config->facts;
    size_t count = config->capabilities.count;

    if (count > DEVICE_CAPABILITIES_MAX)
        return invalid(arena, ret_error, "device.capability", "...", "at most 64 capabilities");
    facts->capabilities = arena_array(arena, count, sizeof(*facts->capabilities));
    for (size_t i = 0; i < count; i++) {
        const char *text = config->capabilities.texts[i];
        const char *slash = strchr(text, '/');
        const char *runtime = slash ? arena_strndup(arena, text, (size_t)(slash - text)) : "";

        if (!slash || name_check_part(runtime) || name_check_part(slash + 1))
            return invalid(arena, ret_error, "device.capability", text,
                           "RUNTIME/HARDWARE, such as onnx/cpu");
        facts->capabilities[i] =
            (struct variant_capability){runtime, arena_strdup(arena, slash + 1)};
    }
    facts->capability_count = count;
    return 0;
}

static int read_reload(struct config *config, struct arena *arena, const char **ret_error)
{
    size_t count = config->reload.count;

    config->reload_rules = arena_array(arena, count, sizeof(*config->reload_rules));
    config->reload_rule_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *text = config->reload.texts[i];
        const char *expected = reload_parse(text, arena, &config->reload_rules[i]);

        if (expected)
            return invalid(arena, ret_error, "slot.reload", text, expected);
        for (size_t j = 0; j < i; j++)
            if (strcmp(config->reload_rules[i].slot, config->reload_rules[j].slot) == 0 &&
                config->reload_rules[i].kind == config->reload_rules[j].kind)
                return invalid(arena, ret_error, "slot.reload", text,
                               "one rule of a kind for a slot");
    }
    return 0;
}

static int read_sources(const struct options_target *target, int argc, char **argv,
                        int *ret_operands, const char **ret_error)
{
    static const char *const except[] = {"MODELFERRY_AGENT_CONFIG", NULL};
    struct config *config = target->values;
    const char *file = getenv("MODELFERRY_AGENT_CONFIG");
    const char **copy = arena_array(target->arena, (size_t)argc + 1, sizeof(*copy));
    struct config flags = {0};
    struct options_target first = *target;
    int r;

    /* the flags are read twice: where the file is, is one of them */
    first.values = &flags;
    memcpy(copy, argv, (size_t)argc * sizeof(*copy));
    options_defaults(&first);
    r = options_arguments(&first, argc, (char **)(uintptr_t)copy, ret_operands, ret_error);
    if (r)
        return r;
    if (flags.config_file)
        file = flags.config_file;
    options_defaults(target);
    r = options_file(target, file ? file : CONFIG_FILE_DEFAULT, ret_error);
    if (r == OPTIONS_E_MISSING && !file)
        r = 0;
    if (!r)
        r = options_environment(target, CONFIG_ENVIRONMENT_PREFIX, except, ret_error);
    if (!r)
        r = options_arguments(target, argc, argv, ret_operands, ret_error);
    if (!r)
        r = options_check(target, ret_error);
    (void)config;
    return r;
}

int config_load(struct config *ret_config, struct arena *arena, int argc, char **argv,
                int *ret_operands, const char **ret_error)
{
    struct config config = {0};
    struct options_target target = {config_table, &config, arena};
    int r;

    r = read_sources(&target, argc, argv, ret_operands, ret_error);
    if (r > 0)
        return CONFIG_E_INVALID;
    if (!r)
        r = read_attributes(&config, arena, ret_error);
    if (!r)
        r = read_capabilities(&config, arena, ret_error);
    if (!r)
        r = read_reload(&config, arena, ret_error);
    if (r)
        return r;
    if (!config.socket)
        config.socket = arena_printf(arena, "%s/agent.sock", config.state_dir);
    *ret_config = config;
    return 0;
}

const struct reload_rule *config_reload_rule(const struct config *config, const char *slot,
                                             const char *named)
{
    static const struct reload_rule watch = {.slot = "", .kind = RELOAD_WATCH};
    const struct reload_rule *own = NULL;

    for (size_t i = 0; i < config->reload_rule_count; i++) {
        const struct reload_rule *rule = &config->reload_rules[i];

        if (strcmp(rule->slot, slot) != 0)
            continue;
        if (!own)
            own = rule;
        if (named && strcmp(reload_kind_name(rule->kind), named) == 0)
            return rule;
    }
    return own ? own : &watch;
}

bool config_has_reload(const struct config *config, const char *slot, const char *kind)
{
    return strcmp(reload_kind_name(config_reload_rule(config, slot, kind)->kind), kind) == 0;
}
