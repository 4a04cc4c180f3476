/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include "world.h"

static int load(struct config *config, struct arena *arena, const char *text, const char **error)
{
    struct world world;
    char flag[128];
    char *argv[] = {flag, NULL};
    int operands;
    int r;

    world_init(&world);
    world_write(&world, "agent.conf", text);
    (void)snprintf(flag, sizeof(flag), "--config=%s/agent.conf", world.path);
    r = config_load(config, arena, 1, argv, &operands, error);
    world_release(&world);
    return r;
}

START_TEST(has_defaults_that_work)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct config config;
    const char *error = NULL;

    ck_assert_int_eq(load(&config, &arena, "", &error), 0);
    ck_assert_str_eq(config.state_dir, "/var/lib/modelferry");
    ck_assert_str_eq(config.socket, "/var/lib/modelferry/agent.sock");
    ck_assert_uint_eq(config.facts.capability_count, 1);
    ck_assert_int_eq(config_reload_rule(&config, "main", NULL)->kind, RELOAD_WATCH);
}
END_TEST

START_TEST(reads_what_a_device_is_and_how_it_reloads)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct config config;
    const char *error = NULL;

    ck_assert_int_eq(load(&config, &arena,
                          "[device]\nattribute = board=rpi5\nattribute = site=lab=1\n"
                          "capability = tflite/cpu\n"
                          "[slot]\nreload = main: notify\nreload = cam: restart true\n",
                          &error),
                     0);
    ck_assert_uint_eq(config.facts.attribute_count, 2);
    ck_assert_str_eq(config.facts.attributes[1].key, "site");
    ck_assert_str_eq(config.facts.attributes[1].value, "lab=1");
    ck_assert_str_eq(config.facts.capabilities[0].runtime, "tflite");
    ck_assert_int_eq(config_reload_rule(&config, "cam", NULL)->kind, RELOAD_RESTART);
    ck_assert_int_eq(config_reload_rule(&config, "main", NULL)->kind, RELOAD_NOTIFY);
}
END_TEST

/* The first rule is the slot's own; the server may name another of them, and nothing else. */
START_TEST(a_named_kind_is_one_of_the_slots_rules_or_nothing)
{
    static const struct {
        const char *slot;
        const char *named;
        const char *kind; /* what it goes by */
        bool has;
    } rows[] = {
        {"main", "",        "notify",  false},
        {"main", "notify",  "notify",  true },
        {"main", "restart", "restart", true },
        {"main", "signal",  "notify",  false},
        {"main", "watch",   "notify",  false},
        {"main", "reboot",  "notify",  false},
        {"main", "dance",   "notify",  false},
        {"cam",  "notify",  "signal",  false},
        {"none", "watch",   "watch",   true },
        {"none", "notify",  "watch",   false},
        {"none", "restart", "watch",   false},
    };
    CLEANUP(arena_release) struct arena arena = {0};
    struct config config;
    const char *error = NULL;

    ck_assert_int_eq(load(&config, &arena,
                          "[slot]\nreload = main: notify\nreload = cam: signal HUP pid 42\n"
                          "reload = main: restart systemctl restart cam\n",
                          &error),
                     0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct reload_rule *rule = config_reload_rule(&config, rows[i].slot, rows[i].named);

        ck_assert_msg(strcmp(reload_kind_name(rule->kind), rows[i].kind) == 0, "row %zu", i);
        ck_assert_msg(config_has_reload(&config, rows[i].slot, rows[i].named) == rows[i].has,
                      "row %zu", i);
    }
    ck_assert_str_eq(config_reload_rule(&config, "main", "restart")->command,
                     "systemctl restart cam");
}
END_TEST

START_TEST(says_where_and_what_would_be_right)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"[device]\nattribute = board\n",                          "KEY=VALUE"         },
        {"[device]\ncapability = onnx\n",                          "RUNTIME/HARDWARE"  },
        {"[slot]\nreload = main: dance\n",                         "'notify'"          },
        {"[slot]\nreload = m: restart a\nreload = m: restart b\n", "one rule of a kind"},
        {"[slot]\nreload = main: reboot\n",                        "'restart'"         },
        {"[sync]\nmode = sometimes\n",                             "longpoll"          },
        {"[nothing]\nx = 1\n",                                     "agent.conf:1"      },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct config config;
        const char *error = NULL;

        ck_assert_int_eq(load(&config, &arena, rows[i].text, &error), CONFIG_E_INVALID);
        ck_assert_msg(strstr(error, rows[i].said) != NULL, "row %zu: %s", i, error);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/config");
    TCase *tcase = tcase_create("config");

    tcase_add_test(tcase, has_defaults_that_work);
    tcase_add_test(tcase, reads_what_a_device_is_and_how_it_reloads);
    tcase_add_test(tcase, a_named_kind_is_one_of_the_slots_rules_or_nothing);
    tcase_add_test(tcase, says_where_and_what_would_be_right);
    return world_run(suite, tcase);
}
