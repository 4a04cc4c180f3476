/* SPDX-License-Identifier: Apache-2.0 */
#include "dev.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/tokens.h"
#include "core/trust/vault.h"
#include "core/workspaces.h"
#include "db/db.h"
#include "db/embedded.h"
#include "db/migrate.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL_BYTES_MAX 4096
#define CONNECT_TIMEOUT_S 10

struct dev {
    char *directory;
    char *url;
    struct embedded *embedded; /* NULL: somebody else's */
};

DEFINE_CLEANUP(cleanup_dev, struct dev *, dev_stop);
DEFINE_CLEANUP(cleanup_db, struct db *, db_free);

static const char *path_in(const struct dev *dev, struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s/%s", dev->directory, name);
}

void dev_apply(const struct dev *dev, struct arena *arena, struct config *config)
{
    if (!dev)
        return;
    config->database_url = arena_strdup(arena, dev->url);
    if (!config->ports_file)
        config->ports_file = path_in(dev, arena, "ports.json");
    if (strcmp(config->cache_directory, CONFIG_CACHE_DIRECTORY_DEFAULT) == 0)
        config->cache_directory = path_in(dev, arena, "cache");
    if (!config->master_file)
        config->master_file = path_in(dev, arena, "master.key");
}

/* The master key, made at the first start. */
static int make_master(const struct dev *dev)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(vault_release) struct vault vault = {0};
    int r = vault_load_or_make(&vault, path_in(dev, &arena, "master.key"));

    return r > 0 ? ERR_INTERNAL : r;
}

static int dev_new(const char *directory, struct dev **ret_dev)
{
    CLEANUP(cleanup_dev) struct dev *dev = calloc(1, sizeof(*dev));
    int r;

    r = file_mkdirs(AT_FDCWD, directory, 0755);
    if (r)
        return r;
    if (dev)
        dev->directory = realpath(directory, NULL);
    if (!dev || !dev->directory)
        return log_fail_errno("cannot use '%s'", directory);
    *ret_dev = TAKE_PTR(dev);
    return 0;
}

static int open_database(const struct dev *dev, struct db **ret_db)
{
    const struct db_config config = {
        .url = dev->url,
        .application_name = "modelferryd-dev",
        .connect_timeout_s = CONNECT_TIMEOUT_S,
    };

    return db_new(&config, ret_db);
}

static int write_url(const struct dev *dev)
{
    CLEANUP(arena_release) struct arena arena = {0};

    return file_replace(AT_FDCWD, path_in(dev, &arena, "database.url"), dev->url, strlen(dev->url),
                        0600);
}

/* A first administrator, unless there is the token of one. */
static int make_admin(const struct dev *dev)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(cleanup_db) struct db *db = NULL;
    const char *path = path_in(dev, &arena, "admin.token");
    struct tokens_draft draft = {.name = "dev", .role = "admin", .actor = &audit_server};
    char secret[SECRET_TOKEN_SIZE];
    struct q_workspace workspace;
    struct q_token token;
    int r;

    if (access(path, F_OK) == 0)
        return 0;
    r = open_database(dev, &db);
    if (!r)
        r = migrate_run(db, migrations_all, migrations_count);
    if (!r)
        r = workspaces_find(db, "default", &arena, &workspace);
    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "the database cannot be used (%d)", r);
    draft.workspace_id = workspace.id;
    r = tokens_create(db, &draft, clock_wall_ms(clock_system()), &arena, &token, secret);
    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "cannot make a token (%d)", r);
    r = file_replace(AT_FDCWD, path, arena_printf(&arena, "%s\n", secret), strlen(secret) + 1,
                     0600);
    secret_wipe(secret, sizeof(secret));
    if (!r)
        log_line(LOG_INFO, "the token of a first administrator is in '%s'", path);
    return r;
}

static int start_database(struct dev *dev)
{
    int r = embedded_start(dev->directory, &dev->embedded);

    if (r)
        return r < 0 ? r : ERR_INTERNAL;
    dev->url = strdup(embedded_url(dev->embedded));
    return dev->url ? 0 : log_fail(ERR_NO_MEMORY, "out of memory");
}

int dev_start(const char *directory, struct arena *arena, struct config *config,
              struct dev **ret_dev)
{
    CLEANUP(cleanup_dev) struct dev *dev = NULL;
    int r;

    r = dev_new(directory, &dev);
    if (!r)
        r = start_database(dev);
    if (!r)
        r = make_admin(dev);
    if (!r)
        r = make_master(dev);
    if (!r)
        r = write_url(dev);
    if (r)
        return r;
    dev_apply(dev, arena, config);
    *ret_dev = TAKE_PTR(dev);
    return 0;
}

/* Whether a server that runs there lends its PostgreSQL. */
static bool find_running(struct dev *dev, struct arena *arena)
{
    CLEANUP(cleanup_db) struct db *db = NULL;

    if (file_read(AT_FDCWD, path_in(dev, arena, "database.url"), URL_BYTES_MAX, &dev->url, NULL))
        return false;
    if (open_database(dev, &db) == 0 && db_ping(db))
        return true;
    free(TAKE_PTR(dev->url));
    return false;
}

int dev_join(const char *directory, struct arena *arena, struct config *config,
             struct dev **ret_dev)
{
    CLEANUP(cleanup_dev) struct dev *dev = NULL;
    int r;

    r = dev_new(directory, &dev);
    if (r)
        return r;
    if (!find_running(dev, arena)) {
        r = start_database(dev);
        if (r)
            return r;
    }
    dev_apply(dev, arena, config);
    *ret_dev = TAKE_PTR(dev);
    return 0;
}

int64_t dev_watch(struct dev *dev)
{
    return dev && dev->embedded ? embedded_watch(dev->embedded) : -1;
}

void dev_stop(struct dev *dev)
{
    CLEANUP(arena_release) struct arena arena = {0};

    if (!dev)
        return;
    if (dev->embedded)
        (void)unlink(path_in(dev, &arena, "database.url"));
    embedded_stop(dev->embedded);
    free(dev->url);
    free(dev->directory);
    free(dev);
}
