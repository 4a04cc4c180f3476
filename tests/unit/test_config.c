/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;
static struct config config;
static const char *error;
static char path[] = "/tmp/test-config-XXXXXX";

static void set_up(void)
{
    int fd = mkstemp(path);
    static const char text[] = "[database]\nurl = from-file\n[work]\nworkers = 3\nqueue = 30\n";

    ck_assert_int_eq(write(fd, text, sizeof(text) - 1), (int)sizeof(text) - 1);
    (void)close(fd);
    (void)unsetenv("MODELFERRY_DATABASE_URL");
}

static void tear_down(void)
{
    (void)unlink(path);
    arena_release(&arena);
}

static int load(const char *flag)
{
    char config_flag[64];
    char *argv[] = {config_flag, (char *)(uintptr_t)flag};
    int operands;

    (void)snprintf(config_flag, sizeof(config_flag), "--config=%s", path);
    return config_load(&arena, flag ? 2 : 1, argv, &config, &operands, &error);
}

START_TEST(flags_go_over_the_environment_over_the_file_over_defaults)
{
    ck_assert_int_eq(setenv("MODELFERRY_WORK_QUEUE", "31", 1), 0);
    ck_assert_int_eq(setenv("MODELFERRY_WORK_WORKERS", "4", 1), 0);
    ck_assert_int_eq(load("--work-workers=5"), 0);
    ck_assert_int_eq(config.workers, 5);
    ck_assert_int_eq(config.queue, 31);
    ck_assert_str_eq(config.database_url, "from-file");
    ck_assert_int_eq(config.stream_workers, 8);
    ck_assert_int_eq(config_check(&config, &arena, &error), 0);
}
END_TEST

START_TEST(a_wrong_file_is_named)
{
    FILE *file = fopen(path, "w");

    (void)fputs("[work]\nworkers = none\n", file);
    (void)fclose(file);
    ck_assert_int_eq(load(NULL), CONFIG_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error, ":2: work.workers: invalid value 'none'"));
    (void)unlink(path);
    ck_assert_int_eq(load(NULL), CONFIG_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error, "no such file"));
}
END_TEST

START_TEST(values_must_fit_together)
{
    static const struct {
        const char *flag;
        const char *error;
    } cases[] = {
        {"--api-tls-cert=x",         "[api] needs both tls_cert and tls_key"      },
        {"--device-tls-key=x",       "[device] needs both tls_cert and tls_key"   },
        {"--device-tls-client-ca=x", "[device] tls_client_ca needs tls_cert"      },
        {"--api-address=8080",       "'8080' in [api] address: expected HOST:PORT"},
        {"--device-address=x:99999", "[device] address: expected HOST:PORT"       },
        {"--dev=/tmp",               "--dev brings its own database"              },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(load(cases[i].flag), 0);
        ck_assert_int_eq(config_check(&config, &arena, &error), CONFIG_E_INVALID);
        ck_assert_ptr_nonnull(strstr(error, cases[i].error));
    }
    config.dev = NULL;
    config.database_url = NULL;
    ck_assert_int_eq(config_check(&config, &arena, &error), CONFIG_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error, "there is no database"));
}
END_TEST

START_TEST(every_default_is_valid_and_every_option_has_help)
{
    ck_assert_int_eq(load(NULL), 0); /* options_defaults asserts */
    for (const struct option_entry *entry = config_table; entry->name; entry++)
        ck_assert_msg(entry->help && entry->help[strlen(entry->help) - 1] == '.', "%s",
                      entry->name);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("config", set_up, tear_down,
                          flags_go_over_the_environment_over_the_file_over_defaults,
                          a_wrong_file_is_named, values_must_fit_together,
                          every_default_is_valid_and_every_option_has_help);
}
