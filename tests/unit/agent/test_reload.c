/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reload.h"

#include "crew.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

START_TEST(reads_rules)
{
    static const struct {
        const char *text;
        const char *expected; /* a part of the complaint; NULL: none */
        enum reload_kind kind;
    } rows[] = {
        {"main: watch",                             NULL,                   RELOAD_WATCH  },
        {"main:notify",                             NULL,                   RELOAD_NOTIFY },
        {"main: signal HUP pid 42",                 NULL,                   RELOAD_SIGNAL },
        {"main: signal SIGUSR1 pidfile /run/x.pid", NULL,                   RELOAD_SIGNAL },
        {"main: signal HUP unit x.service",         NULL,                   RELOAD_SIGNAL },
        {"main: restart systemctl restart x",       NULL,                   RELOAD_RESTART},
        {"",                                        "SLOT: KIND",           0             },
        {"main",                                    "SLOT: KIND",           0             },
        {"Main: watch",                             "SLOT: KIND",           0             },
        {"../x: watch",                             "SLOT: KIND",           0             },
        {"main:",                                   "the kind",             0             },
        {"main: watch it",                          "nothing behind",       0             },
        {"main: restart",                           "a command",            0             },
        {"main: signal",                            "the name of a signal", 0             },
        {"main: signal NOPE pid 1",                 "the name of a signal", 0             },
        {"main: signal HUP",                        "behind the signal",    0             },
        {"main: signal HUP pid",                    "behind the signal",    0             },
        {"main: signal HUP pid x",                  "a number",             0             },
        {"main: signal HUP pid 1 2",                "behind the signal",    0             },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct reload_rule rule;
        const char *said = reload_parse(rows[i].text, &arena, &rule);

        ck_assert_msg(!said == !rows[i].expected, "row %zu: %s", i, said);
        if (said)
            ck_assert_msg(strstr(said, rows[i].expected) != NULL, "row %zu: %s", i, said);
        else
            ck_assert_int_eq(rule.kind, rows[i].kind);
    }
}
END_TEST

START_TEST(keeps_the_command_as_it_is)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct reload_rule rule;

    ck_assert_ptr_null(reload_parse("main: restart  sh -c 'a  b; c'", &arena, &rule));
    ck_assert_str_eq(rule.command, "sh -c 'a  b; c'");
    ck_assert_ptr_null(reload_parse("main: signal HUP pid 42", &arena, &rule));
    ck_assert_int_eq(rule.signal, SIGHUP);
    ck_assert_str_eq(rule.target, "42");
}
END_TEST

struct end {
    bool happened;
    struct reload_result result;
};

static void on_done(void *state, const struct reload_result *result)
{
    struct end *end = state;

    end->happened = true;
    end->result = *result;
}

static struct reload_result reload_by(const char *text, int64_t timeout_ms)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct turning turning;
    struct ipc ipc = {0};
    struct reload_rule rule;
    struct reload_job job = {0};
    struct end end = {0};

    turning_init(&turning);
    ipc.loop = &turning.loop;
    ck_assert_ptr_null(reload_parse(text, &arena, &rule));
    reload_start(&job, &turning.loop, &ipc, &rule, "main", "1.0.0-0123456789abcdef", timeout_ms,
                 on_done, &end);
    turning_until(&turning, &end.happened);
    ck_assert_ptr_null(turning.loop.sources);
    ck_assert_ptr_null(turning.loop.timers);
    reload_cancel(&job);
    http_free(turning.http);
    return end.result;
}

START_TEST(runs_commands)
{
    struct reload_result result = reload_by("main: restart true", 60000);

    ck_assert(!result.failed);
    ck_assert_str_eq(result.gap_source, "agent");
    ck_assert_int_ge(result.gap_us, 0);
    result = reload_by("main: restart exit 7", 60000);
    ck_assert(result.failed);
    ck_assert_ptr_nonnull(strstr(result.detail, "status 7"));
    result = reload_by("main: restart kill -9 $$", 60000);
    ck_assert_ptr_nonnull(strstr(result.detail, "signal 9"));
    result = reload_by("main: restart exec sleep 1000", 50);
    ck_assert(result.failed);
    ck_assert_ptr_nonnull(strstr(result.detail, "did not end"));
}
END_TEST

START_TEST(needs_nobody_to_watch)
{
    static const char *const rules[] = {"main: watch", "main: notify",
                                        "main: signal HUP pidfile /nonexistent.pid"};

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct reload_result result = reload_by(rules[i], 60000);

        ck_assert(!result.failed);
        ck_assert_int_eq(result.gap_us, -1);
        ck_assert_str_eq(result.gap_source, "none");
    }
}
END_TEST

/* An application that opened the slot. */
static int connect_app(struct crew *crew, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(send(fd, "open 1 main", 11, 0), 11);
    while (ipc_count(&crew->ipc, "main") == 0)
        ck_assert_int_eq(loop_turn(&crew->turning.loop), 0);
    return fd;
}

static void wait_count(struct crew *crew, size_t count)
{
    while (ipc_count(&crew->ipc, "main") != count)
        ck_assert_int_eq(loop_turn(&crew->turning.loop), 0);
}

static const char *on_opened(void *state, const char *slot, char ret_id[static SLOT_ID_SIZE])
{
    (void)state;
    (void)slot;
    ret_id[0] = '\0';
    return "restart";
}

static void say_ready(struct crew *crew, int fd, const struct reload_job *job)
{
    size_t before = job->awaited;
    char packet[160];
    int length = snprintf(packet, sizeof(packet), "ready %s - %lld", job->id,
                          (long long)clock_monotonic_us(clock_system()));

    ck_assert_int_eq(send(fd, packet, (size_t)length, 0), length);
    while (job->awaited == before)
        ck_assert_int_eq(loop_turn(&crew->turning.loop), 0);
}

START_TEST(a_restart_waits_for_all_applications)
{
    const struct ipc_answers answers = {.opened = on_opened};
    CLEANUP(arena_release) struct arena arena = {0};
    struct reload_job job = {0};
    struct reload_rule rule;
    struct end end = {0};
    struct crew crew;
    char path[128];
    int apps[2];

    crew_init(&crew);
    (void)snprintf(path, sizeof(path), "%s/sock", crew.world.path);
    ck_assert_int_eq(ipc_open(&crew.ipc, &crew.turning.loop, path, NULL, &answers), 0);
    apps[0] = connect_app(&crew, path);
    apps[1] = connect_app(&crew, path);
    wait_count(&crew, 2);
    ck_assert_ptr_null(reload_parse("main: restart true", &arena, &rule));
    reload_start(&job, &crew.turning.loop, &crew.ipc, &rule, "main", "2.0.0-0123456789abcdef",
                 60000, on_done, &end);
    for (size_t i = 0; i < ARRAY_LEN(apps); i++)
        (void)close(apps[i]);
    wait_count(&crew, 0);
    for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
        ck_assert(!end.happened);
        apps[i] = connect_app(&crew, path);
        wait_count(&crew, i + 1);
        say_ready(&crew, apps[i], &job);
    }
    turning_until(&crew.turning, &end.happened);
    ck_assert(!end.result.failed);
    ck_assert_str_eq(end.result.gap_source, "application");
    ck_assert_int_ge(end.result.gap_us, 0);
    for (size_t i = 0; i < ARRAY_LEN(apps); i++)
        (void)close(apps[i]);
    ipc_close(&crew.ipc);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/reload");
    TCase *tcase = tcase_create("reload");

    tcase_add_test(tcase, reads_rules);
    tcase_add_test(tcase, keeps_the_command_as_it_is);
    tcase_add_test(tcase, runs_commands);
    tcase_add_test(tcase, needs_nobody_to_watch);
    tcase_add_test(tcase, a_restart_waits_for_all_applications);
    return world_run(suite, tcase);
}
