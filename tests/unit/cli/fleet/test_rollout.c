/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet/rollout.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/socket.h>

/* A server that knows its answers before it is asked. */
static struct {
    int fd;
    const char *const *answers; /* NULL behind the last */
    char asked[4][4096];        /* the bodies of the requests */
    size_t count;
    char url[64];
} teller;

static size_t body_size(const char *head)
{
    const char *length = strcasestr(head, "\r\nContent-Length:");

    return length ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static void read_request(int fd, char ret_body[static 4096])
{
    char text[8192] = "";
    size_t size = 0;
    const char *end = NULL;

    while (!end || strlen(end + 4) < body_size(text)) {
        ssize_t n = read(fd, text + size, sizeof(text) - size - 1);

        ck_assert_int_gt(n, 0);
        size += (size_t)n;
        text[size] = '\0';
        end = strstr(text, "\r\n\r\n");
    }
    (void)snprintf(ret_body, 4096, "%s", end + 4);
}

static void *tell(void *arg)
{
    (void)arg;
    for (; teller.answers[teller.count]; teller.count++) {
        const char *answer = teller.answers[teller.count];
        AUTO_CLOSE int fd = accept(teller.fd, NULL, NULL);

        read_request(fd, teller.asked[teller.count]);
        ck_assert_int_gt(dprintf(fd,
                                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                 strlen(answer), answer),
                         0);
    }
    return NULL;
}

static pthread_t start_teller(const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    pthread_t thread;

    teller.answers = answers;
    teller.fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(teller.fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(teller.fd, 8), 0);
    ck_assert_int_eq(getsockname(teller.fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(teller.url, sizeof(teller.url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&thread, NULL, tell, NULL), 0);
    return thread;
}

static int wait_for_three(struct stage *stage, const char *const *answers, char **ret_devices)
{
    static const char *const devices[] = {"a", "b", "c"};
    pthread_t thread = start_teller(answers);
    const struct profile profile = {"default", teller.url, "mft_x", NULL};
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *results = NULL;
    int r;

    ck_assert_int_eq(server_open_profile(&stage->cli, &profile, &server), 0);
    const struct rollout rollout = {
        .server = &server,
        .reference = {"digits", "2"},
        .slot = "main",
        .devices = devices,
        .count = 3,
    };
    r = rollout_wait(&rollout, &results);
    *ret_devices = json_dumps(results, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    (void)close(teller.fd);
    return r;
}

START_TEST(asks_for_all_that_are_pending_at_once)
{
    static const char *const answers[] = {
        "{\"settled\":[],\"more\":false}",
        "{\"settled\":[{\"device\":\"b\",\"state\":\"installed\",\"gap_us\":7}],\"more\":false}",
        "{\"settled\":[{\"device\":\"a\",\"state\":\"installed\"},"
        "{\"device\":\"c\",\"state\":\"installed\"}],\"more\":false}",
        NULL};
    struct stage stage;
    AUTO_FREE char *devices = NULL;

    stage_open(&stage);
    ck_assert_int_eq(wait_for_three(&stage, answers, &devices), 0);
    ck_assert_uint_eq(teller.count, 3);
    ck_assert_str_eq(teller.asked[0], "{\"devices\":[\"a\",\"b\",\"c\"],\"slot\":\"main\","
                                      "\"model\":\"digits\",\"version\":\"2\"}");
    ck_assert_ptr_nonnull(strstr(teller.asked[2], "[\"a\",\"c\"]"));
    ck_assert_str_eq(devices, "[{\"device\":\"a\",\"state\":\"installed\"},"
                              "{\"device\":\"b\",\"gap_us\":7,\"state\":\"installed\"},"
                              "{\"device\":\"c\",\"state\":\"installed\"}]");
    ck_assert_str_eq(stage_out(&stage), "b  installed  gap 7 us\na  installed\nc  installed\n");
    stage_close(&stage);
}
END_TEST

START_TEST(asks_on_where_an_answer_did_not_hold_all)
{
    static const char *const answers[] = {
        "{\"settled\":[{\"device\":\"a\",\"state\":\"installed\"}],\"more\":true}",
        "{\"settled\":[{\"device\":\"b\",\"state\":\"failed\",\"error\":{\"code\":\"no-space\","
        "\"detail\":\"full\"}},{\"device\":\"c\",\"state\":\"superseded\"},"
        "{\"device\":\"stranger\",\"state\":\"installed\"}],\"more\":false}",
        NULL};
    struct stage stage;
    AUTO_FREE char *devices = NULL;

    stage_open(&stage);
    ck_assert_int_eq(wait_for_three(&stage, answers, &devices), CLI_FAILED);
    ck_assert_str_eq(stage_out(&stage), "a  installed\nb  failed  no-space: full\nc  superseded\n");
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "2 of 3 devices have not installed it"));
    ck_assert_ptr_null(strstr(devices, "stranger"));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/rollout", asks_for_all_that_are_pending_at_once,
                     asks_on_where_an_answer_did_not_hold_all);
}
