/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "http/listener.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct config, member)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* in the order of enum log_level and enum log_format */
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"text", "json", NULL};

/* in the order of enum proxies_header */
static const char *const forwarded_headers[] = {"x-forwarded-for", "forwarded", NULL};

/* clang-format off */
const struct option_entry config_table[] = {
    {.name = "config", .type = OPTION_TEXT, .offset = AT(config_file), .letter = 'c', .value_name = "FILE",
     .help = "The configuration file; by default " CONFIG_FILE_DEFAULT " where that exists."},
    {.name = "dev", .type = OPTION_TEXT, .offset = AT(dev), .value_name = "DIR",
     .help = "Run with a private PostgreSQL that is kept under DIR; the first start writes an administrator's token to DIR/admin.token."},
    {.name = "check_config", .type = OPTION_BOOL, .offset = AT(check_config),
     .help = "Check the configuration and exit."},
    {.name = "print_config", .type = OPTION_BOOL, .offset = AT(print_config),
     .help = "Print the documented default configuration file and exit."},
    {.name = "print_reference", .type = OPTION_BOOL, .offset = AT(print_reference),
     .help = "Print the reference of all options as Markdown and exit."},
    {.name = "version", .type = OPTION_BOOL, .offset = AT(version), .letter = 'V',
     .help = "Print the version and exit."},
    {.name = "help", .type = OPTION_BOOL, .offset = AT(help), .letter = 'h',
     .help = "Print this help and exit."},
    {.name = "workspace", .type = OPTION_TEXT, .offset = AT(workspace), .fallback = "default", .value_name = "NAME",
     .help = "With 'token create': the workspace that the token belongs to."},
    {.name = "expires_in", .type = OPTION_DURATION, .offset = AT(expires_in), .fallback = "0", .max = 3660 * DAY,
     .help = "With 'token create': how long the token is good; 0 is for ever."},
    {.name = "quota", .type = OPTION_SIZE, .offset = AT(quota), .fallback = "0", .max = INT64_MAX,
     .help = "With 'workspace create': how many bytes of artifacts it may hold; 0 is no limit."},
    {.name = "artifact_limit", .type = OPTION_SIZE, .offset = AT(artifact_limit), .fallback = "0", .max = INT64_MAX,
     .help = "With 'workspace create': how large one artifact may be; 0 is no limit."},

    {"server", "ports_file", OPTION_TEXT, AT(ports_file), NULL, 0, 0, 0, NULL, 0, "FILE",
     "Where to write the ports that are really listened on, as JSON: {\"api\": 8080, \"device\": 8081}."},
    {"server", "log_level", OPTION_CHOICE, AT(log_level), "info", OPTION_RELOADABLE, 0, 0, levels, 0, "LEVEL",
     "What is logged to standard error."},
    {"server", "log_format", OPTION_CHOICE, AT(log_format), "text", OPTION_RELOADABLE, 0, 0, formats, 0, "FORMAT",
     "Lines of text, or one JSON object a line."},
    {"server", "stop_grace", OPTION_DURATION, AT(stop_grace), "20s", OPTION_RELOADABLE, 0, 10 * MINUTE, NULL, 0, NULL,
     "How long requests that run may go on when the server is told to stop."},

    {"database", "url", OPTION_TEXT, AT(database_url), NULL, OPTION_SECRET, 0, 0, NULL, 0, "URL",
     "The PostgreSQL to use, as libpq's connection string or URI; several hosts with target_session_attrs=read-write survive a failover. Needed unless --dev is given."},
    {"database", "connect_timeout", OPTION_DURATION, AT(database_connect_timeout), "5s", 0, SECOND, 5 * MINUTE, NULL, 0, NULL,
     "How long connecting may take."},
    {"database", "statement_timeout", OPTION_DURATION, AT(database_statement_timeout), "30s", 0, 0, HOUR, NULL, 0, NULL,
     "How long one statement may take; 0 is no limit."},
    {"database", "answer_timeout", OPTION_DURATION, AT(database_answer_timeout), "5s", 0, SECOND, 5 * MINUTE, NULL, 0, NULL,
     "When a database that keeps silent counts as away: what waits for it is answered 503 until it answers again."},

    {"work", "workers", OPTION_INTEGER, AT(workers), "8", 0, 1, 256, NULL, 0, NULL,
     "Threads that use the database, each with a connection of its own."},
    {"work", "queue", OPTION_INTEGER, AT(queue), "512", 0, 1, 100000, NULL, 0, NULL,
     "How many requests may wait for a worker; beyond that they are answered 503."},
    {"work", "stream_workers", OPTION_INTEGER, AT(stream_workers), "8", 0, 1, 256, NULL, 0, NULL,
     "How many uploads and publications, which read model files, run at a time, each with a database connection of its own."},
    {"work", "stream_queue", OPTION_INTEGER, AT(stream_queue), "64", 0, 1, 10000, NULL, 0, NULL,
     "How many of them may wait for their turn; beyond that they are answered 503."},

    {"http", "idle_timeout", OPTION_DURATION, AT(idle_timeout), "60s", 0, SECOND, HOUR, NULL, 0, NULL,
     "When a connection on which nothing moves is closed."},
    {"http", "header_timeout", OPTION_DURATION, AT(header_timeout), "15s", OPTION_RELOADABLE, SECOND, HOUR, NULL, 0, NULL,
     "How long a client may take to send the headers of a request."},
    {"http", "body_timeout", OPTION_DURATION, AT(body_timeout), "30s", OPTION_RELOADABLE, SECOND, HOUR, NULL, 0, NULL,
     "When a body that stalls, or trickles in at less than 1 KiB a second, is given up."},

    {"http", "trusted_proxies", OPTION_TEXT, AT(trusted_proxies), NULL, 0, 0, 0, NULL, 0, "NETWORKS",
     "Reverse proxies, such as 127.0.0.1, 10.0.0.0/8: what they say of the client's address is believed, in logs and in the audit log."},
    {"http", "forwarded_header", OPTION_CHOICE, AT(forwarded_header), "x-forwarded-for", 0, 0, 0, forwarded_headers, 0, "HEADER",
     "Where they say it. The proxies must append to this header, or replace it; the other one is ignored."},

    {"api", "address", OPTION_TEXT, AT(api.address), "127.0.0.1:8080", 0, 0, 0, NULL, 0, "HOST:PORT",
     "Where publishers and operators are served; port 0 picks one."},
    {"api", "threads", OPTION_INTEGER, AT(api.threads), "2", 0, 1, 64, NULL, 0, NULL,
     "I/O threads."},
    {"api", "connections", OPTION_INTEGER, AT(api.connections), "1024", 0, 16, 1000000, NULL, 0, NULL,
     "How many connections may be open. Near the limit the oldest that showed no valid token are closed first."},
    {"api", "connections_per_ip", OPTION_INTEGER, AT(api.connections_per_ip), "0", 0, 0, 1000000, NULL, 0, NULL,
     "How many of them one address may have; 0 is no limit. Not behind a proxy."},
    {"api", "connection_memory", OPTION_SIZE, AT(api.connection_memory), "128 KiB", 0, 4 * KIB, 16 * MIB, NULL, 0, NULL,
     "Buffer of one connection: headers must fit, bodies are read in pieces of half of it."},
    {"api", "tls_cert", OPTION_TEXT, AT(api.tls_cert), NULL, 0, 0, 0, NULL, 0, "FILE",
     "Serve TLS with this certificate chain (PEM). Read again on reload."},
    {"api", "tls_key", OPTION_TEXT, AT(api.tls_key), NULL, 0, 0, 0, NULL, 0, "FILE",
     "The key of tls_cert (PEM). Read again on reload."},

    {"device", "address", OPTION_TEXT, AT(device.address), "127.0.0.1:8081", 0, 0, 0, NULL, 0, "HOST:PORT",
     "Where devices are served; port 0 picks one."},
    {"device", "threads", OPTION_INTEGER, AT(device.threads), "2", 0, 1, 64, NULL, 0, NULL,
     "I/O threads."},
    {"device", "connections", OPTION_INTEGER, AT(device.connections), "16000", 0, 16, 1000000, NULL, 0, NULL,
     "How many connections may be open. Near the limit the oldest that showed no valid token are closed first."},
    {"device", "connections_per_ip", OPTION_INTEGER, AT(device.connections_per_ip), "0", 0, 0, 1000000, NULL, 0, NULL,
     "How many of them one address may have; 0 is no limit. Not behind a proxy."},
    {"device", "connection_memory", OPTION_SIZE, AT(device.connection_memory), "1280", 0, 768, 16 * MIB, NULL, 0, NULL,
     "Buffer of one connection: headers must fit. Tens of thousands sit idle, so it is small."},
    {"device", "tls_cert", OPTION_TEXT, AT(device.tls_cert), NULL, 0, 0, 0, NULL, 0, "FILE",
     "Serve TLS with this certificate chain (PEM). Read again on reload."},
    {"device", "tls_key", OPTION_TEXT, AT(device.tls_key), NULL, 0, 0, 0, NULL, 0, "FILE",
     "The key of tls_cert (PEM). Read again on reload."},
    {"device", "tls_client_ca", OPTION_TEXT, AT(device.tls_client_ca), NULL, 0, 0, 0, NULL, 0, "FILE",
     "Devices must present a certificate that this CA (PEM) has signed, besides their token. Read again on reload."},
    {"device", "heartbeat", OPTION_DURATION, AT(heartbeat), "30s", 0, SECOND, HOUR, NULL, 0, NULL,
     "How often a silent event stream gets a comment line."},
    {"device", "poll_interval", OPTION_DURATION, AT(poll_interval), "5m", 0, SECOND, 7 * DAY, NULL, 0, NULL,
     "How often devices are told to poll when they hold no event stream."},

    {"cache", "directory", OPTION_TEXT, AT(cache_directory), CONFIG_CACHE_DIRECTORY_DEFAULT, 0, 0, 0, NULL, 0, "DIR",
     "Where assembled artifacts are kept for downloads; may be deleted at any time. With --dev it is DIR/cache."},
    {"cache", "size", OPTION_SIZE, AT(cache_size), "10 GiB", 0, 0, INT64_MAX, NULL, 0, NULL,
     "How large the cache may grow; 0 keeps nothing."},

    {"uploads", "expiry", OPTION_DURATION, AT(upload_expiry), "24h", 0, MINUTE, 365 * DAY, NULL, 0, NULL,
     "When an upload that nobody went on with is removed."},
    {"uploads", "reclaim_interval", OPTION_DURATION, AT(reclaim_interval), "60s", 0, 100, DAY, NULL, 0, NULL,
     "How often bytes that nothing has any more are freed."},
    {"uploads", "unused_grace", OPTION_DURATION, AT(unused_grace), "24h", 0, MINUTE, 365 * DAY, NULL, 0, NULL,
     "When an artifact that no version has is removed: so long after it was last uploaded, asked for, or dropped."},

    {"retention", "interval", OPTION_DURATION, AT(retention_interval), "1h", 0, 100, DAY, NULL, 0, NULL,
     "How often versions that their model's rule does not keep are archived, and deleted."},

    {"keys", "master_file", OPTION_TEXT, AT(master_file), NULL, 0, 0, 0, NULL, 0, "FILE",
     "The master key: 64 hex digits (openssl rand -hex 32) in a file of mode 0600, or a systemd credential. It seals the keys with which the server signs. Without it nothing can be signed for devices. With --dev it is DIR/master.key."},

    {"tuf", "open", OPTION_BOOL, AT(tuf_open), "false", 0, 0, 0, NULL, 0, NULL,
     "Whether /tuf/ is read without a token. Anybody who reaches the port can then download every published model."},
    {"tuf", "timestamp_lifetime", OPTION_DURATION, AT(timestamp_lifetime), "1d", 0, 10 * SECOND, 365 * DAY, NULL, 0, NULL,
     "How long the image repository's timestamp is valid; it is signed again at half of that."},
    {"tuf", "snapshot_lifetime", OPTION_DURATION, AT(snapshot_lifetime), "7d", 0, 10 * SECOND, 365 * DAY, NULL, 0, NULL,
     "How long its snapshot is valid."},
    {"tuf", "director_lifetime", OPTION_DURATION, AT(director_lifetime), "1d", 0, 10 * SECOND, 365 * DAY, NULL, 0, NULL,
     "How long what the director signs for a device is valid."},
    {"tuf", "resign_interval", OPTION_DURATION, AT(resign_interval), "60s", 0, 100, DAY, NULL, 0, NULL,
     "How often it is looked for metadata that must be signed again."},

    {"audit", "checkpoint_interval", OPTION_DURATION, AT(checkpoint_interval), "1h", 0, 100, DAY, NULL, 0, NULL,
     "How often the audit log is signed, where it went on."},

    {"push", "sweep_interval", OPTION_DURATION, AT(sweep_interval), "15s", 0, 100, HOUR, NULL, 0, NULL,
     "How soon a lost database notification is made up for."},
    {"push", "seen_interval", OPTION_DURATION, AT(seen_interval), "30s", 0, 100, HOUR, NULL, 0, NULL,
     "How often the times at which devices were seen are written to the database."},
    {NULL},
};
/* clang-format on */

static int load_file(const struct options_target *target, const char *path, bool optional,
                     const char **ret_error)
{
    int r = options_file(target, path, ret_error);

    if (r == OPTIONS_E_MISSING && optional)
        return 0;
    return r > 0 ? CONFIG_E_INVALID : r;
}

int config_load(struct arena *arena, int argc, char **argv, struct config *ret_config,
                int *ret_operands, const char **ret_error)
{
    struct config config = {0};
    const struct options_target target = {config_table, &config, arena};
    const char **copy = arena_array(arena, (size_t)argc + 1, sizeof(*copy));
    const char *path;
    int r;

    for (int i = 0; i < argc; i++)
        copy[i] = argv[i];
    /* flags are read twice: once to find the file, once over it */
    options_defaults(&target);
    r = options_arguments(&target, argc, (char **)(uintptr_t)copy, ret_operands, ret_error);
    if (r)
        return CONFIG_E_INVALID;
    path = config.config_file;
    options_defaults(&target);
    r = load_file(&target, path ? path : CONFIG_FILE_DEFAULT, !path, ret_error);
    if (r)
        return r;
    if (options_environment(&target, CONFIG_ENVIRONMENT_PREFIX, NULL, ret_error) != 0 ||
        options_arguments(&target, argc, argv, ret_operands, ret_error) != 0)
        return CONFIG_E_INVALID;
    *ret_config = config;
    return 0;
}

static const char *check_listener(const struct config_listener *listener, const char *section,
                                  struct arena *arena)
{
    const char *colon = strrchr(listener->address, ':');
    uint16_t port;

    if (!colon || !listener_parse_port(colon + 1, &port))
        return arena_printf(arena, "'%s' in [%s] address: expected HOST:PORT, such as 0.0.0.0:8080",
                            listener->address, section);
    if (!listener->tls_cert != !listener->tls_key)
        return arena_printf(arena, "[%s] needs both tls_cert and tls_key, or neither", section);
    if (listener->tls_client_ca && !listener->tls_cert)
        return arena_printf(arena, "[%s] tls_client_ca needs tls_cert and tls_key", section);
    return NULL;
}

int config_check(const struct config *config, struct arena *arena, const char **ret_error)
{
    const char *error = check_listener(&config->api, "api", arena);

    if (!error)
        error = check_listener(&config->device, "device", arena);
    if (!error && !proxies_parse(config->trusted_proxies, &(struct proxies){0}))
        error = "[http] trusted_proxies: expected addresses and networks, such as 127.0.0.1, "
                "10.0.0.0/8";
    if (!error && !config->database_url && !config->dev)
        error = "there is no database: set 'url' in [database] (or MODELFERRY_DATABASE_URL), or "
                "give --dev DIR";
    if (!error && config->database_url && config->dev)
        error = "--dev brings its own database: leave 'url' in [database] unset";
    if (!error)
        return 0;
    *ret_error = error;
    return CONFIG_E_INVALID;
}

void config_warn_unreloadable(const struct config *running, const struct config *loaded)
{
    struct arena arena = {0};
    const struct options_target before = {config_table, (void *)(uintptr_t)running, &arena};
    const struct options_target after = {config_table, (void *)(uintptr_t)loaded, &arena};

    for (const struct option_entry *entry = config_table; entry->name; entry++) {
        const char *a;
        const char *b;

        if (!entry->section || entry->flags & OPTION_RELOADABLE)
            continue;
        a = options_show(&before, entry);
        b = options_show(&after, entry);
        if (strcmp(a ? a : "", b ? b : "") != 0)
            log_line(LOG_WARN, "'%s' in [%s] changed; it takes effect at the next start",
                     entry->name, entry->section);
    }
    arena_release(&arena);
}
