/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "agent/reload.h"
#include "base/arena.h"
#include "base/options.h"
#include "proto/device.h"
#include "json/fields.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What the agent can be told: one table (config.c), read from the file, then MODELFERRY_AGENT_...
 * variables, then flags.
 */

#define CONFIG_FILE_DEFAULT "/etc/modelferry/agent.conf"
#define CONFIG_ENVIRONMENT_PREFIX "MODELFERRY_AGENT_"

enum config_sync_mode {
    CONFIG_SYNC_AUTO, /* events; where they do not get through long polls; then polls */
    CONFIG_SYNC_EVENTS,
    CONFIG_SYNC_LONGPOLL,
    CONFIG_SYNC_POLL,
};

/* Strings live in the arena. */
struct config {
    /* flags only */
    const char *config_file;
    bool help;
    bool version;
    bool once;
    bool json;
    bool check_config;
    const char *token;
    const char *token_file;
    const char *root_file;
    struct options_list trust;

    const char *state_dir;
    const char *socket;
    const char *socket_group;
    int64_t log_level;
    int64_t log_format;

    const char *server_url;
    const char *ca_file;
    const char *client_cert_file;
    const char *client_key_file;
    int64_t connect_timeout_ms;
    int64_t low_speed_timeout_ms;
    int64_t low_speed_bytes;

    const char *device_name;
    struct options_list attributes;
    struct options_list capabilities;

    int64_t sync_mode;
    int64_t poll_interval_ms; /* 0: what the server said at enrolment */
    int64_t long_poll_ms;
    int64_t silence_ms;
    int64_t retry_base_ms;
    int64_t retry_cap_ms;
    int64_t token_rotation_ms; /* 0: never */

    struct options_list reload;
    int64_t reload_timeout_ms;
    int64_t reclaim_after_ms; /* 0: never */

    /* made from the above */
    struct device_facts facts;
    struct reload_rule *reload_rules;
    size_t reload_rule_count;
};

enum {
    CONFIG_E_INVALID = 1, /* ret_error says where and what would be right */
};

extern const struct option_entry config_table[];

/*
 * Reads everything; argv as for options_arguments (the command's name removed).
 *
 * Returns 0, CONFIG_E_INVALID (ret_error lives in the arena), or negative.
 */
int config_load(struct config *ret_config, struct arena *arena, int argc, char **argv,
                int *ret_operands, const char **ret_error) MUST_CHECK;

/*
 * The rule that a slot goes by: its first one; where none is given, `watch`: the link is all the
 * application needs.
 *
 * named  the word of who wants another of its rules; NULL or "": nobody does. Where it has no such
 *        rule its own stands: only who configures the device makes rules.
 */
const struct reload_rule *config_reload_rule(const struct config *config, const char *slot,
                                             const char *named);

/* Whether the slot has a rule of that kind. */
bool config_has_reload(const struct config *config, const char *slot, const char *kind);

#endif
