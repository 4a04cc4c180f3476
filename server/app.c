/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include "api/api.h"
#include "api/authenticate.h"
#include "api/idempotent.h"
#include "api/routes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "blob/blob.h"
#include "blob/reclaim.h"
#include "core/audit/audit_artifact.h"
#include "core/audit/checkpoints.h"
#include "core/engine.h"
#include "core/trust/image.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "db/pulse.h"
#include "device/gateway.h"
#include "device/identity.h"
#include "device/newcomers.h"
#include "device/routes.h"
#include "push/follow.h"
#include "push/roster.h"
#include "push/wheel.h"
#include "schema.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Besides connections: databases, files, what libraries open. */
#define FILES_BESIDES 512
/* Buffers of the device listener grow in steps of this. */
#define DEVICE_MEMORY_INCREMENT 512
#define API_MEMORY_INCREMENT ((size_t)16 << 10)

struct app {
    struct arena arena; /* what of the configuration has to last */
    struct config config;
    struct db_config db;
    struct pulse *pulse;
    struct pool *pool;
    struct pool *stream_pool;
    struct blob *blob;
    struct wheel *wheel;
    struct roster *roster;
    struct newcomers *newcomers;
    struct follow *follow;
    struct engine *engine;
    struct engine_step steps[4];
    struct vault vault;
    struct schema *schema;
    struct listener *api_listener;
    struct listener *device_listener;
    struct api api;
    struct gateway gateway;
    atomic_bool failed;
};

/* ---- databases and workers ------------------------------------------------------------------ */

static int make_worker(void *arg, void **ret_worker)
{
    const struct app *app = arg;
    struct db *db;
    int r = db_new(&app->db, &db);

    if (r)
        return r;
    *ret_worker = db;
    return 0;
}

static void free_worker(void *worker)
{
    db_free(worker);
}

static int start_pool(struct app *app, const char *name, int64_t threads, int64_t queue,
                      struct pool **ret_pool)
{
    const struct pool_config config = {
        .name = name,
        .threads = (size_t)threads,
        .queue_max = (size_t)queue,
        .worker_new = make_worker,
        .worker_free = free_worker,
        .arg = app,
    };

    return pool_new(&config, ret_pool);
}

static int reclaim(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    struct app *app = arg;
    struct audit_artifact recorder = {.actor = audit_server, .now_ms = now_ms};
    const struct reclaim_options options = {
        .now_ms = now_ms,
        .unused_grace_ms = app->config.unused_grace,
        .removed = audit_artifact_reclaimed,
        .arg = &recorder,
    };
    struct reclaim_result result;
    int r = reclaim_step(db, &options, &result);

    if (r)
        return r;
    reclaim_count(&app->api.reclaimed, &result);
    if (result.chunks > 0 || result.artifacts > 0)
        log_line(LOG_INFO,
                 "reclaimed %" PRId64 " artifacts and %" PRId64 " chunks that nothing has",
                 result.artifacts, result.chunks);
    *ret_more = result.more;
    return 0;
}

/* How many workspaces are signed for in one go. */
#define RESIGN_LIMIT 100

static int resign(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    struct app *app = arg;
    size_t count;
    int r = image_resign(db, &app->vault, &app->api.lifetimes, now_ms, RESIGN_LIMIT, &count);

    if (r)
        return r;
    *ret_more = count == RESIGN_LIMIT;
    return 0;
}

static int checkpoint(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    struct app *app = arg;

    *ret_more = false;
    return checkpoints_step(db, &app->vault, now_ms);
}

static int retain(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    struct app *app = arg;
    struct retention_result result;
    int r = retention_step(db, now_ms, &result);

    if (r)
        return r;
    retention_count(&app->api.retained, &result);
    if (result.archived > 0 || result.deleted > 0)
        log_line(LOG_INFO,
                 "archived %" PRId64 " and deleted %" PRId64 " versions that no rule keeps",
                 result.archived, result.deleted);
    *ret_more = result.more;
    return 0;
}

static int start_engine(struct app *app)
{
    const struct engine_config config = {
        .db = &app->db,
        .clock = clock_system(),
        .steps = app->steps,
        .count = ARRAY_LEN(app->steps),
    };

    app->steps[0] = (struct engine_step){
        .name = "reclaim",
        .lock = ENGINE_LOCK_RECLAIM,
        .interval_ms = app->config.reclaim_interval,
        .run = reclaim,
        .arg = app,
    };
    app->steps[1] = (struct engine_step){
        .name = "resign",
        .lock = ENGINE_LOCK_RESIGN,
        .interval_ms = app->config.resign_interval,
        .run = resign,
        .arg = app,
    };
    app->steps[2] = (struct engine_step){
        .name = "checkpoint",
        .lock = ENGINE_LOCK_CHECKPOINT,
        .interval_ms = app->config.checkpoint_interval,
        .run = checkpoint,
        .arg = app,
    };
    app->steps[3] = (struct engine_step){
        .name = "retention",
        .lock = ENGINE_LOCK_RETENTION,
        .interval_ms = app->config.retention_interval,
        .run = retain,
        .arg = app,
    };
    return engine_new(&config, &app->engine);
}

static int follow_devices(struct app *app)
{
    const struct follow_config config = {
        .db = &app->db,
        .clock = clock_system(),
        .roster = app->roster,
        .sweep_interval_ms = (int)app->config.sweep_interval,
        .seen_interval_ms = (int)app->config.seen_interval,
        .poll_interval_s = app->config.poll_interval / 1000,
    };

    return follow_new(&config, &app->follow);
}

/* On the schema's thread, once the tables are there. */
static int start_followers(void *arg)
{
    struct app *app = arg;
    int r = follow_devices(app);

    return r ? r : start_engine(app);
}

static void give_up(void *arg)
{
    struct app *app = arg;

    atomic_store(&app->failed, true);
    (void)kill(getpid(), SIGTERM);
}

/* ---- listeners ------------------------------------------------------------------------------ */

/* As many files as we may open; fewer than the connections asked for is worth a word. */
static void raise_file_limit(const struct config *config)
{
    rlim_t wanted = (rlim_t)(config->api.connections + config->device.connections) + FILES_BESIDES;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted)
        log_line(LOG_WARN,
                 "only %llu files may be open, but the configured connections need %llu: raise the "
                 "limit (LimitNOFILE= in the unit) or lower 'connections' in [api] and [device]",
                 (unsigned long long)limit.rlim_max, (unsigned long long)wanted);
}

static struct listener_config listener_settings(const struct app *app,
                                                const struct config_listener *listener)
{
    const struct config *config = &app->config;

    struct listener_config settings = {
        .address = listener->address,
        .pool = app->pool,
        .stream_pool = app->stream_pool,
        .threads = (unsigned)listener->threads,
        .connections_max = (unsigned)listener->connections,
        .connections_per_ip_max = (unsigned)listener->connections_per_ip,
        .connection_memory_bytes = (size_t)listener->connection_memory,
        .idle_timeout_s = (unsigned)(config->idle_timeout / 1000),
        .header_timeout_s = (unsigned)(config->header_timeout / 1000),
        .body_timeout_s = (unsigned)(config->body_timeout / 1000),
        .tls_cert_file = listener->tls_cert,
        .tls_key_file = listener->tls_key,
        .tls_client_ca_file = listener->tls_client_ca,
        .proxies = {.header = (enum proxies_header)config->forwarded_header},
    };

    (void)proxies_parse(config->trusted_proxies, &settings.proxies); /* checked by config_check */
    return settings;
}

static int bind_api(struct app *app)
{
    struct listener_config config = listener_settings(app, &app->config.api);

    config.name = "api";
    config.routes = routes_api;
    config.context = &app->api;
    config.connection_memory_increment = API_MEMORY_INCREMENT;
    config.open = app->config.tuf_open;
    config.authenticate = authenticate_token;
    config.idempotent = idempotent_handle;
    return listener_new(&config, &app->api_listener);
}

static int bind_device(struct app *app)
{
    struct listener_config config = listener_settings(app, &app->config.device);

    config.name = "device";
    config.routes = routes_device;
    config.context = &app->gateway;
    config.connection_memory_increment = DEVICE_MEMORY_INCREMENT;
    config.inline_auth = true;
    config.open = app->config.tuf_open;
    config.authenticate = identity_authenticate;
    return listener_new(&config, &app->device_listener);
}

/* What handlers reach; complete before anything is served. */
static void compose(struct app *app)
{
    app->api.clock = clock_system();
    app->api.blob = app->blob;
    app->api.roster = app->roster;
    app->api.pool = app->pool;
    app->api.stream_pool = app->stream_pool;
    app->api.api_listener = app->api_listener;
    app->api.device_listener = app->device_listener;
    app->api.started_wall_ms = clock_wall_ms(clock_system());
    app->api.vault = &app->vault;
    app->api.lifetimes = (struct image_lifetimes){
        .timestamp_ms = app->config.timestamp_lifetime,
        .snapshot_ms = app->config.snapshot_lifetime,
    };
    app->gateway.clock = clock_system();
    app->gateway.director = (struct director_settings){
        .vault = &app->vault,
        .lifetime_ms = app->config.director_lifetime,
    };
    app->gateway.blob = app->blob;
    app->gateway.roster = app->roster;
    app->gateway.newcomers = app->newcomers;
    app->gateway.wheel = app->wheel;
    app->gateway.listener = app->device_listener;
    app->gateway.heartbeat_ms = app->config.heartbeat;
    app->gateway.poll_interval_s = app->config.poll_interval / 1000;
}

static int write_ports(const struct app *app)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "{\"api\": %u, \"device\": %u}\n",
                          listener_port(app->api_listener), listener_port(app->device_listener));

    if (!app->config.ports_file)
        return 0;
    return file_replace(AT_FDCWD, app->config.ports_file, text, (size_t)length, 0644);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The caller's strings may go: everything of type text is copied. */
static void copy_config(struct app *app, const struct config *config)
{
    app->config = *config;
    for (const struct option_entry *entry = config_table; entry->name; entry++) {
        const char **text = (const char **)((char *)&app->config + entry->offset);

        if (entry->type == OPTION_TEXT)
            *text = arena_strdup(&app->arena, *text);
    }
    app->db = (struct db_config){
        .url = app->config.database_url,
        .application_name = "modelferryd",
        .connect_timeout_s = (int)((app->config.database_connect_timeout + 999) / 1000),
        .statement_timeout_ms = (int)app->config.database_statement_timeout,
    };
}

/* Before anything else connects: all connections know it. */
static int start_pulse(struct app *app)
{
    const struct pulse_config config = {
        .db = &app->db,
        .answer_timeout_ms = (int)app->config.database_answer_timeout,
        .is_up = &app->api.database_is_up,
    };
    int r = pulse_new(&config, &app->pulse);

    app->db.pulse = app->pulse;
    return r;
}

static int start_schema(struct app *app)
{
    const struct schema_config config = {
        .db = &app->db,
        .is_ready = &app->api.schema_is_ready,
        .ready = start_followers,
        .failed = give_up,
        .arg = app,
    };

    return schema_new(&config, &app->schema);
}

static int start_blob(struct app *app)
{
    const struct blob_config config = {
        .pool = app->pool,
        .cache_directory = app->config.cache_size ? app->config.cache_directory : NULL,
        .cache_limit_bytes = (uint64_t)app->config.cache_size,
        .upload_expiry_ms = app->config.upload_expiry,
    };

    return blob_new(&config, &app->blob);
}

/* Without a master key everything works but what the server itself would sign. */
static int open_vault(struct app *app)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY"); /* systemd.exec(5) */
    const char *path = app->config.master_file;
    int r;

    if (!path && credentials) {
        path = arena_printf(&app->arena, "%s/master.key", credentials);
        if (access(path, F_OK) < 0)
            path = NULL;
    }
    if (!path) {
        log_line(LOG_WARN, "no master key (keys.master_file): this server cannot sign metadata");
        return 0;
    }
    r = vault_load(&app->vault, path);
    return r > 0 ? ERR_INTERNAL : r;
}

static int start(struct app *app)
{
    const struct config *config = &app->config;
    int r;

    raise_file_limit(config);
    r = open_vault(app);
    if (r)
        return r;
    r = start_pulse(app);
    if (!r)
        r = start_pool(app, "worker", config->workers, config->queue, &app->pool);
    if (!r)
        r = start_pool(app, "stream", config->stream_workers, config->stream_queue,
                       &app->stream_pool);
    if (!r)
        r = start_blob(app);
    if (!r)
        r = wheel_new(clock_system(), &app->wheel);
    if (!r)
        r = roster_new(&app->roster);
    if (!r)
        r = newcomers_new(&app->newcomers);
    if (!r)
        r = bind_api(app);
    if (!r)
        r = bind_device(app);
    if (r)
        return r;
    compose(app);
    r = start_schema(app);
    if (!r)
        r = listener_start(app->api_listener);
    if (!r)
        r = listener_start(app->device_listener);
    if (!r)
        r = write_ports(app);
    if (r)
        return r;
    log_line(LOG_INFO, "modelferryd %s serves publishers on port %u, devices on port %u",
             MODELFERRY_VERSION, listener_port(app->api_listener),
             listener_port(app->device_listener));
    return 0;
}

DEFINE_CLEANUP(cleanup_app, struct app *, app_free);

int app_new(const struct config *config, struct app **ret_app)
{
    CLEANUP(cleanup_app) struct app *app = calloc(1, sizeof(*app));
    int r;

    if (!app)
        return log_fail(ERR_NO_MEMORY, "cannot start: out of memory");
    copy_config(app, config);
    r = start(app);
    if (r)
        return r;
    *ret_app = TAKE_PTR(app);
    return 0;
}

static void set_timeouts(struct app *app, struct listener *listener)
{
    listener_set_timeouts(listener, (unsigned)(app->config.header_timeout / 1000),
                          (unsigned)(app->config.body_timeout / 1000));
}

void app_reload(struct app *app, const struct config *config)
{
    config_warn_unreloadable(&app->config, config);
    log_configure((enum log_level)config->log_level, (enum log_format)config->log_format);
    app->config.log_level = config->log_level;
    app->config.log_format = config->log_format;
    app->config.stop_grace = config->stop_grace;
    app->config.header_timeout = config->header_timeout;
    app->config.body_timeout = config->body_timeout;
    set_timeouts(app, app->api_listener);
    set_timeouts(app, app->device_listener);
    listener_reload(app->api_listener);
    listener_reload(app->device_listener);
    log_line(LOG_INFO, "reloaded");
}

bool app_has_failed(const struct app *app)
{
    return atomic_load(&app->failed);
}

/* Both at once: each has the whole grace. */
struct stopping {
    struct listener *listener;
    int grace_ms;
    pthread_t thread;
    bool started;
};

static void *stop_listener(void *arg)
{
    struct stopping *stopping = arg;

    listener_stop(stopping->listener, stopping->grace_ms);
    return NULL;
}

static void stop_listeners(struct app *app)
{
    struct stopping stopping[] = {
        {app->device_listener, (int)app->config.stop_grace},
        {app->api_listener,    (int)app->config.stop_grace},
    };

    for (size_t i = 0; i < ARRAY_LEN(stopping); i++)
        if (stopping[i].listener)
            stopping[i].started =
                pthread_create(&stopping[i].thread, NULL, stop_listener, &stopping[i]) == 0;
    for (size_t i = 0; i < ARRAY_LEN(stopping); i++)
        if (stopping[i].started)
            (void)pthread_join(stopping[i].thread, NULL);
}

void app_free(struct app *app)
{
    if (!app)
        return;
    stop_listeners(app);
    schema_free(app->schema);
    if (app->pool)
        pool_stop(app->pool);
    if (app->stream_pool)
        pool_stop(app->stream_pool);
    listener_free(app->device_listener);
    listener_free(app->api_listener);
    engine_free(app->engine);
    follow_free(app->follow);
    pool_free(app->stream_pool);
    pool_free(app->pool);
    wheel_free(app->wheel);
    newcomers_free(app->newcomers);
    roster_free(app->roster);
    blob_free(app->blob);
    pulse_free(app->pulse);
    if (app->config.ports_file)
        (void)unlink(app->config.ports_file);
    arena_release(&app->arena);
    free(app);
}
