/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/options.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything that modelferryd can be told; config.c's table says how and what it means. Durations
 * are milliseconds, sizes bytes. */

struct config_listener {
    const char *address;
    int64_t threads;
    int64_t connections;
    int64_t connections_per_ip;
    int64_t connection_memory;
    const char *tls_cert;
    const char *tls_key;
    const char *tls_client_ca;
};

struct config {
    /* flags */
    const char *config_file;
    const char *dev;
    bool check_config;
    bool print_config;
    bool print_reference;
    bool version;
    bool help;
    const char *workspace; /* of `token create` */
    int64_t expires_in;
    int64_t quota; /* of `workspace create` */
    int64_t artifact_limit;

    const char *ports_file;
    int64_t log_level; /* enum log_level */
    int64_t log_format;
    int64_t stop_grace;

    const char *database_url;
    int64_t database_connect_timeout;
    int64_t database_statement_timeout;
    int64_t database_answer_timeout;

    int64_t workers;
    int64_t queue;
    int64_t stream_workers;
    int64_t stream_queue;

    int64_t idle_timeout;
    int64_t header_timeout;
    int64_t body_timeout;
    const char *trusted_proxies;
    int64_t forwarded_header; /* enum proxies_header */

    struct config_listener api;
    struct config_listener device;
    int64_t heartbeat;
    int64_t poll_interval;

    const char *cache_directory;
    int64_t cache_size;
    int64_t upload_expiry;
    int64_t reclaim_interval;
    int64_t unused_grace;
    int64_t checkpoint_interval;
    int64_t retention_interval;

    const char *master_file;
    bool tuf_open;
    int64_t timestamp_lifetime;
    int64_t snapshot_lifetime;
    int64_t director_lifetime;
    int64_t resign_interval;

    int64_t sweep_interval;
    int64_t seen_interval;
};

#define CONFIG_ENVIRONMENT_PREFIX "MODELFERRY_"
#define CONFIG_CACHE_DIRECTORY_DEFAULT "/var/cache/modelferryd"
#define CONFIG_FILE_DEFAULT "/etc/modelferry/modelferryd.conf"

extern const struct option_entry config_table[];

enum {
    CONFIG_E_INVALID = 1, /* ret_error says what is wrong, and where */
};

/*
 * Reads defaults, file, environment and flags, the later over the earlier. argv is without the
 * program's name; operands are moved to its front. May be called again for a reload. Strings live
 * in the arena. What depends on more than one value is checked by config_check.
 */
int config_load(struct arena *arena, int argc, char **argv, struct config *ret_config,
                int *ret_operands, const char **ret_error) MUST_CHECK;

/* Whether the values fit together and a server could start with them. */
int config_check(const struct config *config, struct arena *arena,
                 const char **ret_error) MUST_CHECK;

/* Logs what differs and cannot be reloaded. */
void config_warn_unreloadable(const struct config *running, const struct config *loaded);

#endif
