/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modelferry.h"

#include "lib/modelferry_version.h"
#include "lib/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STATE_DIR_DEFAULT "/var/lib/modelferry"
#define ID_SIZE MODELFERRY_VERSION_ID_SIZE
#define ACQUIRE_TRIES 16

/*
 * What a slot and its models share: it outlives the slot while models are held. The lock guards
 * what mf_model_release() may touch from any thread.
 */
struct shared {
    pthread_mutex_t lock;
    int references;
    const struct mf_model *serving; /* what was last said to be ready; NULL when that is released */
    int64_t stopped_us;             /* when the last one that served stopped; 0: it did not */
    bool has_served;
};

struct mf_slot {
    char *name;
    char *dir; /* models/NAME, absolute */
    char *socket_path;
    struct shared *shared;
    int epoll_fd;
    int inotify_fd;
    int socket_fd; /* -1: the agent is away */
    int slot_watch;
    char acquired[ID_SIZE]; /* the version that was last acquired; empty: none */
    char ready[ID_SIZE];    /* ... and last said to be ready */
    char failed[ID_SIZE];   /* the one that could not be used; until `current` is another */
    int64_t gap_us;
};

struct mf_model {
    struct mf_slot *slot; /* only used where the caller's thread may use the slot */
    struct shared *shared;
    int references;
    int dir_fd; /* holds the lease: a shared lock */
    char id[ID_SIZE];
    char *dir;
    struct modelferry_version about;
};

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *mf_error_text(int error)
{
    static const struct {
        int error;
        const char *text;
    } rows[] = {
        {0,             "no error"                                       },
        {MF_E_NONE,     "the slot has no model yet"                      },
        {MF_E_ARGUMENT, "no such slot or file can be"                    },
        {MF_E_SYSTEM,   "the system refused"                             },
        {MF_E_MEMORY,   "out of memory"                                  },
        {MF_E_BROKEN,   "the state directory is not what the agent wrote"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].error == error)
            return rows[i].text;
    return "unknown error";
}

static void release_shared(struct shared *shared)
{
    bool last;

    (void)pthread_mutex_lock(&shared->lock);
    last = --shared->references == 0;
    (void)pthread_mutex_unlock(&shared->lock);
    if (!last)
        return;
    (void)pthread_mutex_destroy(&shared->lock);
    free(shared);
}

/* ---- talking to the agent */

static void disconnect(struct mf_slot *slot)
{
    if (slot->socket_fd >= 0)
        (void)close(slot->socket_fd); /* which also takes it out of the epoll set */
    slot->socket_fd = -1;
}

static void say(struct mf_slot *slot, const char *packet)
{
    size_t size = strlen(packet);

    if (slot->socket_fd >= 0 &&
        send(slot->socket_fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
        disconnect(slot);
}

static void say_ready(struct mf_slot *slot, int64_t gap_us)
{
    char packet[WIRE_PACKET_MAX];
    char gap[24] = WIRE_NONE;

    if (gap_us >= 0)
        (void)snprintf(gap, sizeof(gap), "%lld", (long long)gap_us);
    (void)snprintf(packet, sizeof(packet), "ready %s %s %lld", slot->ready, gap,
                   (long long)now_us());
    say(slot, packet);
}

static int watch_fd(const struct mf_slot *slot, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(slot->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Where nobody answers the slot goes on without: inotify tells when the socket appears. */
static void try_connect(struct mf_slot *slot)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char packet[WIRE_PACKET_MAX];
    int fd;

    if (slot->socket_fd >= 0 || strlen(slot->socket_path) >= sizeof(address.sun_path))
        return;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", slot->socket_path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        watch_fd(slot, fd) < 0) {
        (void)close(fd);
        return;
    }
    slot->socket_fd = fd;
    (void)snprintf(packet, sizeof(packet), "open " WIRE_VERSION " %s", slot->name);
    say(slot, packet);
    if (slot->ready[0])
        say_ready(slot, -1);
}

/* What is offered is what `current` names by now; the words only wake us up. */
static void hear(struct mf_slot *slot)
{
    char packet[WIRE_PACKET_MAX + 1];

    while (slot->socket_fd >= 0) {
        ssize_t size = recv(slot->socket_fd, packet, WIRE_PACKET_MAX, MSG_DONTWAIT);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0) {
            disconnect(slot);
            return;
        }
        packet[size] = '\0';
        /* offered what we serve already (the agent started anew): nothing changes */
        if (strncmp(packet, "offer ", 6) == 0 && strcmp(packet + 6, slot->ready) == 0)
            say_ready(slot, 0);
    }
}

/* ---- the slot */

/* Watches the slot's directory for the link, and where the socket will appear. */
static int watch_dirs(struct mf_slot *slot)
{
    char path[PATH_MAX];
    char *slash;

    slot->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (slot->inotify_fd < 0 || watch_fd(slot, slot->inotify_fd) < 0)
        return MF_E_SYSTEM;
    slot->slot_watch = inotify_add_watch(slot->inotify_fd, slot->dir, IN_MOVED_TO | IN_CREATE);
    (void)snprintf(path, sizeof(path), "%s", slot->socket_path);
    slash = strrchr(path, '/');
    if (slash && slash != path)
        *slash = '\0';
    (void)inotify_add_watch(slot->inotify_fd, slash ? path : ".", IN_CREATE | IN_ATTRIB);
    if (slot->slot_watch >= 0)
        return 0;
    /* no model was ever installed: the directory will appear in models/ */
    (void)snprintf(path, sizeof(path), "%s", slot->dir);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (inotify_add_watch(slot->inotify_fd, path, IN_CREATE | IN_MOVED_TO) < 0 && errno != ENOENT)
        return MF_E_SYSTEM;
    return 0;
}

static char *join(const char *a, const char *b)
{
    char *path;

    return asprintf(&path, "%s/%s", a, b) < 0 ? NULL : path;
}

static const char *pick(const char *given, const char *variable, const char *fallback)
{
    const char *value = given ? given : secure_getenv(variable);

    return value && *value ? value : fallback;
}

static int set_paths(struct mf_slot *slot, const char *name, const struct mf_options *options)
{
    const char *given = options ? options->state_dir : NULL;
    const char *state_dir = pick(given, "MODELFERRY_STATE_DIR", STATE_DIR_DEFAULT);
    const char *socket = pick(options ? options->socket : NULL, "MODELFERRY_SOCKET", NULL);
    char *models = NULL;

    slot->name = strdup(name);
    models = join(state_dir, "models");
    slot->dir = models ? join(models, name) : NULL;
    slot->socket_path = socket ? strdup(socket) : join(state_dir, "agent.sock");
    free(models);
    return slot->name && slot->dir && slot->socket_path ? 0 : MF_E_MEMORY;
}

int mf_slot_open(const char *name, const struct mf_options *options, struct mf_slot **ret_slot)
{
    struct mf_slot *slot;
    int r;

    if (!name || !modelferry_version_is_slot(name))
        return MF_E_ARGUMENT;
    slot = calloc(1, sizeof(*slot));
    if (!slot)
        return MF_E_MEMORY;
    slot->socket_fd = -1;
    slot->inotify_fd = -1;
    slot->gap_us = -1;
    slot->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    slot->shared = calloc(1, sizeof(*slot->shared));
    r = slot->shared ? set_paths(slot, name, options) : MF_E_MEMORY;
    if (slot->shared) {
        (void)pthread_mutex_init(&slot->shared->lock, NULL);
        slot->shared->references = 1;
    }
    if (!r)
        r = slot->epoll_fd < 0 ? MF_E_SYSTEM : watch_dirs(slot);
    if (r) {
        int saved = errno;

        mf_slot_close(slot);
        errno = saved;
        return r;
    }
    try_connect(slot);
    *ret_slot = slot;
    return 0;
}

void mf_slot_close(struct mf_slot *slot)
{
    if (!slot)
        return;
    disconnect(slot);
    if (slot->inotify_fd >= 0)
        (void)close(slot->inotify_fd);
    if (slot->epoll_fd >= 0)
        (void)close(slot->epoll_fd);
    if (slot->shared)
        release_shared(slot->shared);
    free(slot->name);
    free(slot->dir);
    free(slot->socket_path);
    free(slot);
}

int mf_slot_fd(const struct mf_slot *slot)
{
    return slot->epoll_fd;
}

static void drain_inotify(struct mf_slot *slot)
{
    char events[4096] __attribute__((aligned(8)));

    while (read(slot->inotify_fd, events, sizeof(events)) > 0)
        continue;
    if (slot->slot_watch < 0)
        slot->slot_watch = inotify_add_watch(slot->inotify_fd, slot->dir, IN_MOVED_TO | IN_CREATE);
}

/* Where `current` points: "versions/ID". */
static int read_current(const struct mf_slot *slot, char ret_id[static ID_SIZE])
{
    char path[PATH_MAX];
    char target[PATH_MAX];
    ssize_t length;

    (void)snprintf(path, sizeof(path), "%s/current", slot->dir);
    length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        return errno == ENOENT || errno == ENOTDIR ? MF_E_NONE : MF_E_SYSTEM;
    target[length] = '\0';
    if (strncmp(target, "versions/", 9) != 0 || !modelferry_version_is_id(target + 9))
        return MF_E_BROKEN;
    (void)snprintf(ret_id, ID_SIZE, "%.95s", target + 9);
    return 0;
}

int mf_slot_changed(struct mf_slot *slot)
{
    char id[ID_SIZE];

    drain_inotify(slot);
    try_connect(slot);
    hear(slot);
    if (read_current(slot, id) || strcmp(id, slot->failed) == 0)
        return 0;
    if (slot->failed[0] && strcmp(id, slot->ready) == 0)
        say_ready(slot, 0); /* the agent went back to what we never left */
    slot->failed[0] = '\0';
    return strcmp(id, slot->acquired) != 0;
}

void mf_slot_pause(struct mf_slot *slot)
{
    (void)pthread_mutex_lock(&slot->shared->lock);
    if (slot->shared->has_served && !slot->shared->stopped_us)
        slot->shared->stopped_us = now_us();
    (void)pthread_mutex_unlock(&slot->shared->lock);
}

int64_t mf_slot_gap_us(const struct mf_slot *slot)
{
    return slot->gap_us;
}

/* ---- models */

static void free_model(struct mf_model *model)
{
    modelferry_version_release(&model->about);
    free(model->dir);
    if (model->dir_fd >= 0)
        (void)close(model->dir_fd); /* and the lease with it */
    free(model);
}

/*
 * Opens the version's directory and takes the lease. The agent removes a version while it holds
 * the exclusive lock: who gets the shared one on a directory without links came too late.
 */
static int open_version(const char *dir, int *ret_fd)
{
    struct stat stat;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? MF_E_NONE : MF_E_SYSTEM;
    while (flock(fd, LOCK_SH) < 0) {
        if (errno == EINTR)
            continue;
        (void)close(fd);
        return MF_E_SYSTEM;
    }
    if (fstat(fd, &stat) < 0 || stat.st_nlink == 0 || access(dir, F_OK) < 0) {
        (void)close(fd);
        return MF_E_NONE;
    }
    *ret_fd = fd;
    return 0;
}

static int load_model(struct mf_slot *slot, const char *id, struct mf_model **ret_model)
{
    struct mf_model *model = calloc(1, sizeof(*model));
    int r;

    if (!model)
        return MF_E_MEMORY;
    model->dir_fd = -1;
    model->slot = slot;
    model->references = 1;
    (void)snprintf(model->id, sizeof(model->id), "%s", id);
    r = asprintf(&model->dir, "%s/versions/%s", slot->dir, id) < 0 ? MF_E_MEMORY : 0;
    if (r)
        model->dir = NULL;
    if (!r)
        r = open_version(model->dir, &model->dir_fd);
    if (!r)
        r = modelferry_version_read(model->dir_fd, model->dir, &model->about);
    if (r) {
        free_model(model);
        return r;
    }
    model->shared = slot->shared;
    (void)pthread_mutex_lock(&model->shared->lock);
    model->shared->references++;
    (void)pthread_mutex_unlock(&model->shared->lock);
    *ret_model = model;
    return 0;
}

int mf_model_acquire(struct mf_slot *slot, struct mf_model **ret_model)
{
    char id[ID_SIZE];
    int r = MF_E_NONE;

    /* a version may go between reading the link and taking the lease; then the link moved on */
    for (int i = 0; i < ACQUIRE_TRIES; i++) {
        r = read_current(slot, id);
        if (r)
            return r;
        r = load_model(slot, id, ret_model);
        if (r == MF_E_NONE)
            continue;
        if (!r)
            (void)snprintf(slot->acquired, sizeof(slot->acquired), "%s", id);
        return r;
    }
    return r;
}

struct mf_model *mf_model_retain(struct mf_model *model)
{
    (void)pthread_mutex_lock(&model->shared->lock);
    model->references++;
    (void)pthread_mutex_unlock(&model->shared->lock);
    return model;
}

void mf_model_release(struct mf_model *model)
{
    struct shared *shared;
    bool last;

    if (!model)
        return;
    shared = model->shared;
    (void)pthread_mutex_lock(&shared->lock);
    last = --model->references == 0;
    if (last && shared->serving == model) {
        shared->serving = NULL;
        if (!shared->stopped_us)
            shared->stopped_us = now_us();
    }
    (void)pthread_mutex_unlock(&shared->lock);
    if (!last)
        return;
    free_model(model);
    release_shared(shared);
}

const char *mf_model_name(const struct mf_model *model)
{
    return model->about.name;
}

const char *mf_model_version(const struct mf_model *model)
{
    return model->about.version;
}

const char *mf_model_variant(const struct mf_model *model)
{
    return model->about.variant;
}

const char *mf_model_id(const struct mf_model *model)
{
    return model->id;
}

const char *mf_model_dir(const struct mf_model *model)
{
    return model->dir;
}

size_t mf_model_file_count(const struct mf_model *model)
{
    return model->about.file_count;
}

const char *mf_model_file(const struct mf_model *model, size_t index)
{
    return index < model->about.file_count ? model->about.files[index] : NULL;
}

const char *mf_model_path(const struct mf_model *model, const char *file)
{
    for (size_t i = 0; i < model->about.file_count; i++)
        if (!file || strcmp(model->about.files[i], file) == 0)
            return model->about.paths[i];
    return NULL;
}

int mf_model_open(const struct mf_model *model, const char *file, int *ret_fd)
{
    const char *path = mf_model_path(model, file);
    int fd;

    if (!path)
        return MF_E_ARGUMENT;
    fd = openat(model->dir_fd, strrchr(path, '/') + 1, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return MF_E_SYSTEM;
    *ret_fd = fd;
    return 0;
}

int mf_model_ready(struct mf_model *model)
{
    struct shared *shared = model->shared;
    struct mf_slot *slot = model->slot;
    int64_t gap_us = -1;

    (void)pthread_mutex_lock(&shared->lock);
    if (shared->has_served)
        gap_us = shared->stopped_us ? now_us() - shared->stopped_us : 0;
    shared->has_served = true;
    shared->stopped_us = 0;
    shared->serving = model;
    (void)pthread_mutex_unlock(&shared->lock);
    slot->gap_us = gap_us;
    (void)snprintf(slot->ready, sizeof(slot->ready), "%s", model->id);
    try_connect(slot);
    say_ready(slot, gap_us);
    return 0;
}

int mf_model_failed(struct mf_model *model, const char *detail)
{
    struct mf_slot *slot = model->slot;
    char packet[WIRE_PACKET_MAX];

    (void)snprintf(packet, sizeof(packet), "failed %s %.400s", model->id, detail ? detail : "");
    (void)snprintf(slot->failed, sizeof(slot->failed), "%s", model->id);
    /* what `ready` names still serves: it is no news when `current` goes back to it */
    (void)snprintf(slot->acquired, sizeof(slot->acquired), "%s", slot->ready);
    say(slot, packet);
    return 0;
}
