/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "lib/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK_TIMEOUT_S 5

static bool make_address(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(ret_address->sun_path))
        return false;
    (void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
    return true;
}

static void drop(struct ipc_app *app)
{
    char slot[sizeof(app->slot)];
    char serves[sizeof(app->serves)];
    struct ipc *ipc = app->ipc;

    (void)snprintf(slot, sizeof(slot), "%s", app->slot);
    (void)snprintf(serves, sizeof(serves), "%s", app->serves);
    loop_remove(ipc->loop, &app->source);
    cleanup_close(&app->source.fd);
    app->source.fd = -1;
    app->slot[0] = '\0';
    app->serves[0] = '\0';
    for (struct ipc_observer *observer = ipc->observers, *next; observer; observer = next) {
        next = observer->next;
        if (slot[0] && strcmp(observer->slot, slot) == 0)
            observer->gone(observer->state, serves);
    }
}

/* Never waits: who does not read what is sent is let go. */
static void send_packet(struct ipc_app *app, const char *bytes, size_t size)
{
    if (send(app->source.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size)
        return;
    log_line(LOG_WARN, "an application of slot '%s' does not listen: %s", app->slot,
             strerror(errno));
    drop(app);
}

static void say(struct ipc_app *app, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(struct ipc_app *app, const char *format, ...)
{
    char packet[WIRE_PACKET_MAX];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(packet, sizeof(packet), format, args);
    va_end(args);
    if (length > 0 && (size_t)length < sizeof(packet))
        send_packet(app, packet, (size_t)length);
}

static void on_open(struct ipc_app *app, char *words)
{
    char id[SLOT_ID_SIZE] = "";
    const char *mode;

    if (strncmp(words, WIRE_VERSION " ", 2) != 0 || !name_is_valid(words + 2)) {
        say(app, "refused 'open " WIRE_VERSION " SLOT' expected");
        return;
    }
    (void)snprintf(app->slot, sizeof(app->slot), "%s", words + 2);
    mode = app->ipc->answers.opened(app->ipc->answers.state, app->slot, id);
    say(app, "opened %s %s", mode, id[0] ? id : WIRE_NONE);
}

static void on_ready(struct ipc_app *app, char *words)
{
    struct ipc *ipc = app->ipc;
    char id[SLOT_ID_SIZE];
    char gap[24];
    char slot[sizeof(app->slot)];
    int64_t at_us;
    int64_t gap_us;

    if (sscanf(words, "%95s %23s %" SCNd64, id, gap, &at_us) != 3)
        return;
    gap_us = strcmp(gap, WIRE_NONE) == 0 ? -1 : strtoll(gap, NULL, 10);
    (void)snprintf(app->serves, sizeof(app->serves), "%s", id);
    (void)snprintf(slot, sizeof(slot), "%s", app->slot);
    for (struct ipc_observer *observer = ipc->observers, *next; observer; observer = next) {
        next = observer->next;
        if (strcmp(observer->slot, slot) == 0)
            observer->ready(observer->state, id, gap_us, at_us);
    }
}

static void on_failed(struct ipc_app *app, char *words)
{
    struct ipc *ipc = app->ipc;
    char slot[sizeof(app->slot)];
    char *space = strchr(words, ' ');

    if (space)
        *space = '\0';
    (void)snprintf(slot, sizeof(slot), "%s", app->slot);
    for (struct ipc_observer *observer = ipc->observers, *next; observer; observer = next) {
        next = observer->next;
        if (strcmp(observer->slot, slot) == 0)
            observer->failed(observer->state, words, space ? space + 1 : "");
    }
}

static void on_status(struct ipc_app *app, char *words)
{
    struct buffer packet = BUFFER(WIRE_STATUS_MAX);

    (void)words;
    buffer_append_text(&packet, "status ");
    app->ipc->answers.status(app->ipc->answers.state, &packet);
    if (!packet.failed)
        send_packet(app, packet.bytes, packet.size);
    buffer_release(&packet);
}

static const struct {
    const char *verb;
    bool needs_slot;
    void (*handle)(struct ipc_app *app, char *words);
} verbs[] = {
    {"open",   false, on_open  },
    {"ready",  true,  on_ready },
    {"failed", true,  on_failed},
    {"status", false, on_status},
};

static void handle_packet(struct ipc_app *app, char *packet)
{
    char *space = strchr(packet, ' ');

    if (space)
        *space = '\0';
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(packet, verbs[i].verb) != 0)
            continue;
        if (!verbs[i].needs_slot || app->slot[0])
            verbs[i].handle(app, space ? space + 1 : packet + strlen(packet));
        return;
    }
}

static void on_app(void *state, short revents)
{
    struct ipc_app *app = state;
    char packet[WIRE_PACKET_MAX + 1];
    ssize_t size;

    (void)revents;
    size = recv(app->source.fd, packet, WIRE_PACKET_MAX, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        drop(app);
        return;
    }
    packet[size] = '\0';
    handle_packet(app, packet);
}

static void on_listener(void *state, short revents)
{
    struct ipc *ipc = state;
    int fd = accept4(ipc->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)revents;
    if (fd < 0)
        return;
    for (size_t i = 0; i < IPC_APPS_MAX; i++) {
        struct ipc_app *app = &ipc->apps[i];

        if (app->source.linked)
            continue;
        *app = (struct ipc_app){.ipc = ipc};
        app->source =
            (struct loop_source){.fd = fd, .events = POLLIN, .ready = on_app, .state = app};
        loop_add(ipc->loop, &app->source);
        return;
    }
    log_line(LOG_WARN, "refusing an application: %d are connected", IPC_APPS_MAX);
    (void)close(fd);
}

static int permit(const char *path, const char *group)
{
    const struct group *entry = group ? getgrnam(group) : NULL;

    if (group && !entry)
        return log_fail(ERR_INTERNAL, "cannot open socket '%s': there is no group '%s'", path,
                        group);
    if (entry && chown(path, (uid_t)-1, entry->gr_gid) < 0)
        return log_fail_errno("cannot give socket '%s' to group '%s'", path, group);
    if (chmod(path, 0660) < 0)
        return log_fail_errno("cannot set the mode of socket '%s'", path);
    return 0;
}

int ipc_open(struct ipc *ipc, struct loop *loop, const char *path, const char *group,
             const struct ipc_answers *answers)
{
    struct sockaddr_un address;
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask;
    int bound;
    int r;

    if (!make_address(path, &address))
        return log_fail(ERR_INTERNAL,
                        "cannot open socket '%s': the path is longer than 107 bytes; set "
                        "agent.socket to a shorter one",
                        path);
    if (unlink(path) < 0 && errno != ENOENT)
        return log_fail_errno("cannot replace socket '%s'", path);
    mask = umask(0177);
    bound = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(mask);
    if (bound < 0 || listen(fd, 16) < 0)
        return log_fail_errno("cannot open socket '%s'", path);
    r = permit(path, group);
    if (r)
        return r;
    *ipc = (struct ipc){.loop = loop, .path = path, .answers = *answers};
    ipc->listener = (struct loop_source){
        .fd = TAKE_FD(fd), .events = POLLIN, .ready = on_listener, .state = ipc};
    loop_add(loop, &ipc->listener);
    return 0;
}

void ipc_close(struct ipc *ipc)
{
    if (!ipc->loop)
        return;
    ipc->observers = NULL;
    for (size_t i = 0; i < IPC_APPS_MAX; i++)
        if (ipc->apps[i].source.linked)
            drop(&ipc->apps[i]);
    loop_remove(ipc->loop, &ipc->listener);
    cleanup_close(&ipc->listener.fd);
    (void)unlink(ipc->path);
    *ipc = (struct ipc){0};
}

void ipc_observe(struct ipc *ipc, struct ipc_observer *observer)
{
    observer->next = ipc->observers;
    ipc->observers = observer;
}

void ipc_forget(struct ipc *ipc, struct ipc_observer *observer)
{
    for (struct ipc_observer **link = &ipc->observers; *link; link = &(*link)->next) {
        if (*link != observer)
            continue;
        *link = observer->next;
        return;
    }
}

size_t ipc_count(const struct ipc *ipc, const char *slot)
{
    size_t count = 0;

    for (size_t i = 0; i < IPC_APPS_MAX; i++)
        if (ipc->apps[i].source.linked && strcmp(ipc->apps[i].slot, slot) == 0)
            count++;
    return count;
}

void ipc_offer(struct ipc *ipc, const char *slot, const char *id)
{
    for (size_t i = 0; i < IPC_APPS_MAX; i++)
        if (ipc->apps[i].source.linked && strcmp(ipc->apps[i].slot, slot) == 0)
            say(&ipc->apps[i], "offer %s", id);
}

int ipc_ask_status(const char *path, char **ret_json)
{
    struct sockaddr_un address;
    struct timeval limit = {.tv_sec = ASK_TIMEOUT_S};
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    AUTO_FREE char *packet = malloc(WIRE_STATUS_MAX + 1);
    ssize_t size;

    if (fd < 0 || !packet)
        return log_fail_errno("cannot ask the agent");
    if (!make_address(path, &address))
        return IPC_E_AWAY;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return errno == ENOENT || errno == ECONNREFUSED
                   ? IPC_E_AWAY
                   : log_fail_errno("cannot connect to the agent at '%s'", path);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (send(fd, "status", 6, MSG_NOSIGNAL) != 6)
        return IPC_E_AWAY;
    size = recv(fd, packet, WIRE_STATUS_MAX, 0);
    if (size <= 7 || memcmp(packet, "status ", 7) != 0)
        return IPC_E_AWAY;
    packet[size] = '\0';
    *ret_json = strdup(packet + 7);
    return *ret_json ? 0 : log_fail(ERR_NO_MEMORY, "cannot ask the agent: out of memory");
}
