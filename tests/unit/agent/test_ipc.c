/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc.h"

#include "crew.h"

#include <sys/socket.h>
#include <sys/un.h>

struct heard {
    char text[256];
};

static const char *on_opened(void *state, const char *slot, char ret_id[static SLOT_ID_SIZE])
{
    (void)state;
    (void)snprintf(ret_id, SLOT_ID_SIZE, "%s", strcmp(slot, "main") == 0 ? "1.0.0-x" : "");
    return "notify";
}

static void on_status(void *state, struct buffer *json)
{
    (void)state;
    buffer_append_text(json, "{}");
}

static void note(void *state, const char *what, const char *text)
{
    struct heard *heard = state;
    size_t length = strlen(heard->text);

    (void)snprintf(heard->text + length, sizeof(heard->text) - length, "[%s %s]", what, text);
}

static void on_ready(void *state, const char *id, int64_t gap_us, int64_t at_us)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%s %lld %lld", id, (long long)gap_us, (long long)at_us);
    note(state, "ready", text);
}

static void on_failed(void *state, const char *id, const char *detail)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%s|%s", id, detail);
    note(state, "failed", text);
}

static void on_gone(void *state, const char *serves)
{
    note(state, "gone", serves);
}

struct stage_of_ipc {
    struct crew crew;
    struct ipc_observer observer;
    struct heard heard;
    char path[96];
    int fd;
};

static void open_ipc(struct stage_of_ipc *stage)
{
    const struct ipc_answers answers = {.opened = on_opened, .status = on_status};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(stage, 0, sizeof(*stage));
    crew_init(&stage->crew);
    (void)snprintf(stage->path, sizeof(stage->path), "%s/sock", stage->crew.world.path);
    ck_assert_int_eq(
        ipc_open(&stage->crew.ipc, &stage->crew.turning.loop, stage->path, NULL, &answers), 0);
    stage->observer = (struct ipc_observer){.slot = "main",
                                            .ready = on_ready,
                                            .failed = on_failed,
                                            .gone = on_gone,
                                            .state = &stage->heard};
    ipc_observe(&stage->crew.ipc, &stage->observer);
    stage->fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", stage->path);
    ck_assert_int_eq(connect(stage->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(loop_turn(&stage->crew.turning.loop), 0);
}

static void close_ipc(struct stage_of_ipc *stage)
{
    if (stage->fd >= 0)
        (void)close(stage->fd);
    ipc_close(&stage->crew.ipc);
    ck_assert(!world_has(&stage->crew.world, "sock"));
    crew_release(&stage->crew);
}

static void say(struct stage_of_ipc *stage, const char *packet)
{
    ck_assert_int_eq(send(stage->fd, packet, strlen(packet), 0), (ssize_t)strlen(packet));
    ck_assert_int_eq(loop_turn(&stage->crew.turning.loop), 0);
}

static void hear(struct stage_of_ipc *stage, const char *expected)
{
    char packet[256];
    ssize_t size = recv(stage->fd, packet, sizeof(packet) - 1, 0);

    ck_assert_int_gt(size, 0);
    packet[size] = '\0';
    ck_assert_str_eq(packet, expected);
}

START_TEST(carries_what_an_application_says)
{
    struct stage_of_ipc stage;

    open_ipc(&stage);
    ck_assert_uint_eq(ipc_count(&stage.crew.ipc, "main"), 0);
    say(&stage, "ready 1.0.0-x 5 6"); /* of no slot yet: nobody's business */
    say(&stage, "open 1 main");
    hear(&stage, "opened notify 1.0.0-x");
    ck_assert_uint_eq(ipc_count(&stage.crew.ipc, "main"), 1);
    ipc_offer(&stage.crew.ipc, "main", "1.1.0-y");
    hear(&stage, "offer 1.1.0-y");
    say(&stage, "ready 1.1.0-y 184 1000");
    say(&stage, "ready 1.1.0-y - 1000");
    say(&stage, "failed 1.1.0-y it is too large");
    say(&stage, "failed 1.1.0-y");
    say(&stage, "status");
    hear(&stage, "status {}");
    (void)close(stage.fd);
    stage.fd = -1;
    ck_assert_int_eq(loop_turn(&stage.crew.turning.loop), 0);
    ck_assert_str_eq(stage.heard.text,
                     "[ready 1.1.0-y 184 1000][ready 1.1.0-y -1 1000]"
                     "[failed 1.1.0-y|it is too large][failed 1.1.0-y|][gone 1.1.0-y]");
    ck_assert_uint_eq(ipc_count(&stage.crew.ipc, "main"), 0);
    close_ipc(&stage);
}
END_TEST

START_TEST(ignores_what_makes_no_sense)
{
    static const char *const packets[] = {"x",
                                          " ",
                                          "ready",
                                          "open",
                                          "ready a b c",
                                          "failed",
                                          "ready 1.0.0-x 5",
                                          "open 2 main",
                                          "open 1 ../etc"};
    struct stage_of_ipc stage;

    open_ipc(&stage);
    for (size_t i = 0; i < ARRAY_LEN(packets); i++)
        say(&stage, packets[i]);
    ck_assert_str_eq(stage.heard.text, "");
    say(&stage, "open 1 other");
    ck_assert_uint_eq(ipc_count(&stage.crew.ipc, "other"), 1);
    close_ipc(&stage);
}
END_TEST

START_TEST(says_when_no_agent_is_there)
{
    char *json = NULL;

    ck_assert_int_eq(ipc_ask_status("/nonexistent/agent.sock", &json), IPC_E_AWAY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/ipc");
    TCase *tcase = tcase_create("ipc");

    tcase_add_test(tcase, carries_what_an_application_says);
    tcase_add_test(tcase, ignores_what_makes_no_sense);
    tcase_add_test(tcase, says_when_no_agent_is_there);
    return world_run(suite, tcase);
}
