/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A crowd of clients in one process, for the push bench: opens many connections, waits on all of
 * them, and says when the last one was told something new.
 *
 *     crowd sse PORT TOKENS       event streams of modelferry, one for each line of TOKENS
 *     crowd mqtt PORT COUNT       subscribers of topic device/N at QoS 1, N from 0
 *     crowd publish PORT COUNT    publishes once to each of these topics at QoS 1
 *
 * The first two print "ready" once all are subscribed, then for each line read from standard input
 * wait until every client was told once more and print "first NS last NS" (CLOCK_MONOTONIC). The
 * last prints "start NS end NS" and ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 512
#define BUFFER_SIZE 4096
#define CONNECTING_MAX                                                                             \
    256 /* at a time: more than a listen queue takes is no test of the server                      \
         */

struct client {
    int fd;
    bool subscribed;
    uint16_t carried; /* bytes of a message that has not fully arrived */
    char carry[160];
};

struct crowd {
    int epoll;
    struct client *clients;
    size_t count;
    size_t subscribed;
    size_t told;
    int64_t first_ns;
    int64_t last_ns;
    void (*take)(struct crowd *crowd, struct client *client, const char *bytes, size_t size);
};

__attribute__((noreturn)) static void die(const char *what)
{
    (void)fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("cannot connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static void put(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = write(fd, at, size);

        if (n < 0)
            die("cannot write");
        at += n;
        size -= (size_t)n;
    }
}

static void note_subscribed(struct crowd *crowd, struct client *client)
{
    if (client->subscribed)
        return;
    client->subscribed = true;
    crowd->subscribed++;
}

static void note_told(struct crowd *crowd)
{
    crowd->last_ns = now_ns();
    if (crowd->told++ == 0)
        crowd->first_ns = crowd->last_ns;
}

/* ---- event streams ------------------------------------------------------------------------------
 */

/* Counts "event: state"; the first answers the subscription. A cut one is carried over. */
static void take_sse(struct crowd *crowd, struct client *client, const char *bytes, size_t size)
{
    static const char mark[] = "event: state";
    char text[BUFFER_SIZE + sizeof(client->carry) + 1];
    size_t length = client->carried + size;
    char *at = text;
    char *found;

    memcpy(text, client->carry, client->carried);
    memcpy(text + client->carried, bytes, size);
    text[length] = '\0';
    while ((found = strstr(at, mark))) {
        if (client->subscribed)
            note_told(crowd);
        note_subscribed(crowd, client);
        at = found + sizeof(mark) - 1;
    }
    length -= (size_t)(at - text);
    if (length > sizeof(mark) - 2) {
        at += length - (sizeof(mark) - 2);
        length = sizeof(mark) - 2;
    }
    memcpy(client->carry, at, length);
    client->carried = (uint16_t)length;
}

static void subscribe_sse(struct client *client, const char *token)
{
    char request[512];
    int size = snprintf(request, sizeof(request),
                        "GET /device/v1/events HTTP/1.1\r\nHost: bench\r\nAccept: "
                        "text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
                        token);

    put(client->fd, request, (size_t)size);
}

/* ---- MQTT 3.1.1
 * ----------------------------------------------------------------------------------- */

static size_t put_text(uint8_t *out, const char *text)
{
    size_t length = strlen(text);

    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    memcpy(out + 2, text, length);
    return length + 2;
}

static size_t put_connect(uint8_t *out, const char *id)
{
    static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0}; /* clean, no keepalive */
    size_t length = sizeof(head) + 2 + strlen(id);

    out[0] = 0x10;
    out[1] = (uint8_t)length;
    memcpy(out + 2, head, sizeof(head));
    return 2 + sizeof(head) + put_text(out + 2 + sizeof(head), id);
}

static void subscribe_mqtt(struct client *client, size_t number)
{
    uint8_t bytes[256];
    char text[64];
    size_t size;
    size_t topic;

    (void)snprintf(text, sizeof(text), "client-%zu", number);
    size = put_connect(bytes, text);
    (void)snprintf(text, sizeof(text), "device/%zu", number);
    topic = strlen(text);
    bytes[size++] = 0x82;
    bytes[size++] = (uint8_t)(2 + 2 + topic + 1);
    bytes[size++] = 0;
    bytes[size++] = 1;
    size += put_text(bytes + size, text);
    bytes[size++] = 1; /* QoS */
    put(client->fd, bytes, size);
}

/* One packet, whose remaining length takes one byte: all of ours are short. */
static void take_packet(struct crowd *crowd, struct client *client, const uint8_t *packet)
{
    unsigned type = packet[0] >> 4;

    if (type == 9) /* SUBACK */
        note_subscribed(crowd, client);
    if (type != 3) /* PUBLISH */
        return;
    size_t topic = (size_t)packet[2] << 8 | packet[3];
    const uint8_t ack[] = {0x40, 2, packet[4 + topic], packet[5 + topic]};
    put(client->fd, ack, sizeof(ack));
    note_told(crowd);
}

static void take_mqtt(struct crowd *crowd, struct client *client, const char *bytes, size_t size)
{
    uint8_t text[BUFFER_SIZE + sizeof(client->carry)];
    size_t length = client->carried + size;
    size_t at = 0;

    memcpy(text, client->carry, client->carried);
    memcpy(text + client->carried, bytes, size);
    while (length - at >= 2 && length - at >= 2U + text[at + 1]) {
        take_packet(crowd, client, text + at);
        at += 2U + text[at + 1];
    }
    if (length - at > sizeof(client->carry))
        die("an MQTT packet is longer than expected");
    memcpy(client->carry, text + at, length - at);
    client->carried = (uint16_t)(length - at);
}

static int publish(int port, size_t count)
{
    int fd = dial(port);
    uint8_t *bytes = malloc(count * 64 + 64);
    size_t size = put_connect(bytes, "publisher");
    uint8_t answer[BUFFER_SIZE];
    size_t expected = 4 + count * 4; /* CONNACK, PUBACKs */
    int64_t start_ns;

    put(fd, bytes, size);
    if (recv(fd, answer, 4, MSG_WAITALL) != 4)
        die("no CONNACK");
    expected -= 4;
    size = 0;
    for (size_t i = 0; i < count; i++) {
        static const char payload[] = "{\"version\":7}";
        char topic[64];
        uint16_t id = (uint16_t)(i % 65535 + 1);

        (void)snprintf(topic, sizeof(topic), "device/%zu", i);
        bytes[size++] = 0x32; /* QoS 1 */
        bytes[size++] = (uint8_t)(2 + strlen(topic) + 2 + sizeof(payload) - 1);
        size += put_text(bytes + size, topic);
        bytes[size++] = (uint8_t)(id >> 8);
        bytes[size++] = (uint8_t)id;
        memcpy(bytes + size, payload, sizeof(payload) - 1);
        size += sizeof(payload) - 1;
    }
    start_ns = now_ns();
    /* Answers are read between: neither side may wait for the other with full buffers. */
    for (size_t at = 0; at < size || expected > 0;) {
        ssize_t n;

        if (at < size) {
            n = send(fd, bytes + at, size - at, MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN)
                die("cannot publish");
            at += n > 0 ? (size_t)n : 0;
        }
        n = recv(fd, answer, sizeof(answer), at < size ? MSG_DONTWAIT : 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            die("the broker hung up");
        expected -= n > 0 ? (size_t)n : 0;
    }
    (void)printf("start %lld end %lld\n", (long long)start_ns, (long long)now_ns());
    free(bytes);
    (void)close(fd);
    return 0;
}

/* ---- all of them
 * ------------------------------------------------------------------------------------ */

static void turn(struct crowd *crowd)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(crowd->epoll, events, EVENTS, 60000);

    if (n == 0)
        die("nothing came for a minute");
    for (int i = 0; i < n; i++) {
        struct client *client = events[i].data.ptr;
        char bytes[BUFFER_SIZE];
        ssize_t size = read(client->fd, bytes, sizeof(bytes));

        if (size == 0 || (size < 0 && errno != EAGAIN))
            die("a connection was closed");
        if (size > 0)
            crowd->take(crowd, client, bytes, (size_t)size);
    }
}

static void open_client(struct crowd *crowd, struct client *client, int port)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    client->fd = dial(port);
    (void)fcntl(client->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        die("cannot watch a connection");
}

static void run_rounds(struct crowd *crowd)
{
    char line[64];

    (void)printf("ready\n");
    (void)fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        crowd->told = 0;
        (void)printf("armed\n");
        (void)fflush(stdout);
        while (crowd->told < crowd->count)
            turn(crowd);
        (void)printf("first %lld last %lld\n", (long long)crowd->first_ns,
                     (long long)crowd->last_ns);
        (void)fflush(stdout);
    }
}

static size_t count_lines(FILE *file)
{
    size_t lines = 0;

    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        lines += c == '\n';
    rewind(file);
    return lines;
}

static void run_crowd(const char *mode, int port, const char *argument)
{
    bool sse = strcmp(mode, "sse") == 0;
    FILE *tokens = sse ? fopen(argument, "r") : NULL;
    struct crowd crowd = {.epoll = epoll_create1(EPOLL_CLOEXEC)};

    if (sse && !tokens)
        die(argument);
    crowd.count = sse ? count_lines(tokens) : strtoul(argument, NULL, 10);
    crowd.clients = calloc(crowd.count, sizeof(*crowd.clients));
    crowd.take = sse ? take_sse : take_mqtt;
    for (size_t i = 0; i < crowd.count; i++) {
        char token[128];

        open_client(&crowd, &crowd.clients[i], port);
        if (sse && !fgets(token, sizeof(token), tokens))
            die(argument);
        if (sse) {
            token[strcspn(token, "\n")] = '\0';
            subscribe_sse(&crowd.clients[i], token);
        } else {
            subscribe_mqtt(&crowd.clients[i], i);
        }
        while (i + 1 - crowd.subscribed >= CONNECTING_MAX)
            turn(&crowd);
    }
    while (crowd.subscribed < crowd.count)
        turn(&crowd);
    if (tokens)
        (void)fclose(tokens);
    run_rounds(&crowd);
    free(crowd.clients);
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: crowd sse|mqtt|publish PORT TOKENS|COUNT\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (strcmp(argv[1], "publish") == 0)
        return publish(atoi(argv[2]), strtoul(argv[3], NULL, 10));
    run_crowd(argv[1], atoi(argv[2]), argv[3]);
    return 0;
}
