/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/tokens.h"
#include "core/workspaces.h"
#include "db/db.h"
#include "db/migrate.h"

#include <inttypes.h>
#include <stdio.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2

DEFINE_CLEANUP(cleanup_db, struct db *, db_free);

static int complain(const char *message, const char *subject)
{
    (void)fprintf(stderr, "modelferryd: %s '%s'\n", message, subject);
    return EXIT_USAGE;
}

/* Connects and brings the schema up to date: a command may be the first thing that runs. */
static int open_database(const struct config *config, struct db **ret_db)
{
    const struct db_config settings = {
        .url = config->database_url,
        .application_name = "modelferryd-command",
        .connect_timeout_s = (int)((config->database_connect_timeout + 999) / 1000),
        .statement_timeout_ms = (int)config->database_statement_timeout,
    };
    CLEANUP(cleanup_db) struct db *db = NULL;
    int r = db_new(&settings, &db);

    if (!r)
        r = migrate_run(db, migrations_all, migrations_count);
    if (r) {
        (void)fprintf(stderr, "modelferryd: the database cannot be used\n");
        return r;
    }
    *ret_db = TAKE_PTR(db);
    return 0;
}

static int run_migrate(void *context, int operands, char **operand)
{
    CLEANUP(cleanup_db) struct db *db = NULL;

    (void)operands;
    (void)operand;
    if (open_database(context, &db) != 0)
        return EXIT_FAILED;
    return migrate_grant(db) == 0 ? 0 : EXIT_FAILED;
}

static int run_token_create(void *context, int operands, char **operand)
{
    const struct config *config = context;
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(cleanup_db) struct db *db = NULL;
    struct tokens_draft draft = {
        .name = operand[0],
        .role = operand[1],
        .actor = &audit_server,
        .expires_in_s = config->expires_in / 1000,
    };
    char secret[SECRET_TOKEN_SIZE];
    struct q_workspace workspace;
    struct q_token token;
    int r;

    (void)operands;
    if (open_database(config, &db) != 0)
        return EXIT_FAILED;
    r = workspaces_find(db, config->workspace, &arena, &workspace);
    if (r == WORKSPACES_E_MISSING)
        return complain("there is no workspace", config->workspace);
    if (r)
        return EXIT_FAILED;
    draft.workspace_id = workspace.id;
    r = tokens_create(db, &draft, clock_wall_ms(clock_system()), &arena, &token, secret);
    if (r == TOKENS_E_NAME)
        return complain("not a name for a token (1 to 128 bytes of UTF-8):", operand[0]);
    if (r == TOKENS_E_ROLE)
        return complain("not a role (admin, publisher, operator, viewer):", operand[1]);
    if (r)
        return EXIT_FAILED;
    (void)printf("%s\n", secret);
    secret_wipe(secret, sizeof(secret));
    return 0;
}

static int64_t limit_of(int64_t bytes)
{
    return bytes ? bytes : WORKSPACES_NO_LIMIT;
}

static int run_workspace_create(void *context, int operands, char **operand)
{
    const struct config *config = context;
    CLEANUP(cleanup_db) struct db *db = NULL;
    int64_t id;
    int r;

    (void)operands;
    if (open_database(config, &db) != 0)
        return EXIT_FAILED;
    r = workspaces_create(db, operand[0], limit_of(config->quota), limit_of(config->artifact_limit),
                          &audit_server, clock_wall_ms(clock_system()), &id);
    if (r == WORKSPACES_E_EXISTS)
        return complain("there is a workspace already named", operand[0]);
    if (r == WORKSPACES_E_NAME)
        return complain("not a name for a workspace ([a-z0-9][a-z0-9._-]{0,62}):", operand[0]);
    return r ? EXIT_FAILED : 0;
}

static int run_workspace_ls(void *context, int operands, char **operand)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(cleanup_db) struct db *db = NULL;
    struct q_workspace *workspaces;
    size_t count;

    (void)operands;
    (void)operand;
    if (open_database(context, &db) != 0 || workspaces_list(db, &arena, &workspaces, &count) != 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++)
        (void)printf("%s\n", workspaces[i].name);
    return 0;
}

const struct options_command commands_all[] = {
    {"token create",                                                           "NAME ROLE", 2, 2, NULL, run_token_create,
     "Make an API token (admin, publisher, operator or viewer) and print it.", NULL},
    {"workspace create",                                                                       "NAME", 1, 1, NULL, run_workspace_create, "Make a workspace.", NULL},
    {"workspace ls",                                                                    "", 0, 0, NULL, run_workspace_ls, "List the workspaces.", NULL},
    {"migrate", "", 0, 0, NULL, run_migrate, "Bring the database's schema up to date.", NULL},
    {NULL                                                                       },
};
