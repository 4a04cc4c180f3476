/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that serves from a slot by libmodelferry: each connection to its socket is
 * answered with "VERSION DIGEST\n", where the digest is of the model's bytes that it has loaded.
 *
 *     app MODE STATE_DIR SOCKET [FAIL_VERSION]
 *
 * MODE  notify   loads the new model in a thread beside the old one, then swaps
 *       watch    loads in place: does not answer meanwhile
 *       signal   the same, on SIGHUP
 *       restart  serves one version until it is ended by SIGTERM
 *
 * What it does it says on standard output: "serving VERSION gap GAP_US".
 */
#include "lib/modelferry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct loaded {
    struct mf_model *model;
    uint64_t digest;
    int error;
};

struct app {
    const char *mode;
    const char *fail_version;
    struct mf_slot *slot;
    struct loaded serving;
    struct loaded next; /* being loaded */
    pthread_t loader;
    bool loading;
    int loaded_pipe[2];
    int listener;
    int signals;
};

/* FNV-1a over the bytes: it stands for loading. */
static void load(struct loaded *loaded)
{
    unsigned char bytes[65536];
    ssize_t count;
    int fd;

    loaded->digest = 14695981039346656037ULL;
    loaded->error = mf_model_open(loaded->model, "model.onnx", &fd);
    if (loaded->error)
        return;
    for (count = read(fd, bytes, sizeof(bytes)); count > 0; count = read(fd, bytes, sizeof(bytes)))
        for (ssize_t i = 0; i < count; i++)
            loaded->digest = (loaded->digest ^ bytes[i]) * 1099511628211ULL;
    loaded->error = count < 0 ? errno : 0;
    (void)close(fd);
}

static bool refuses(const struct app *app, const struct loaded *loaded)
{
    return loaded->error ||
           (app->fail_version && strcmp(mf_model_version(loaded->model), app->fail_version) == 0);
}

static void say_serving(const struct app *app)
{
    (void)printf("serving %s gap %lld\n", mf_model_version(app->serving.model),
                 (long long)mf_slot_gap_us(app->slot));
    (void)fflush(stdout);
}

static void say_failed(struct app *app, struct loaded *loaded)
{
    (void)printf("failed %s\n", mf_model_version(loaded->model));
    (void)fflush(stdout);
    (void)mf_model_failed(loaded->model, "the test wants it to fail");
    mf_model_release(loaded->model);
    *loaded = (struct loaded){0};
    (void)app;
}

/* The old one goes first: what small devices must do, and what it costs. */
static void switch_in_place(struct app *app)
{
    struct loaded next = {0};

    if (mf_model_acquire(app->slot, &next.model))
        return;
    if (app->fail_version && strcmp(mf_model_version(next.model), app->fail_version) == 0) {
        say_failed(app, &next);
        return;
    }
    mf_slot_pause(app->slot);
    mf_model_release(app->serving.model);
    app->serving = next;
    load(&app->serving);
    (void)mf_model_ready(app->serving.model);
    say_serving(app);
}

static void *load_in_thread(void *state)
{
    struct app *app = state;

    load(&app->next);
    if (write(app->loaded_pipe[1], "x", 1) != 1)
        abort();
    return NULL;
}

static void start_loading(struct app *app)
{
    if (app->loading || mf_model_acquire(app->slot, &app->next.model))
        return;
    app->loading = true;
    if (pthread_create(&app->loader, NULL, load_in_thread, app))
        abort();
}

static void finish_loading(struct app *app)
{
    struct loaded old = app->serving;
    char byte;

    if (read(app->loaded_pipe[0], &byte, 1) != 1)
        abort();
    (void)pthread_join(app->loader, NULL);
    app->loading = false;
    if (refuses(app, &app->next)) {
        say_failed(app, &app->next);
        return;
    }
    app->serving = app->next;
    app->next = (struct loaded){0};
    (void)mf_model_ready(app->serving.model);
    mf_model_release(old.model);
    say_serving(app);
}

static void answer(const struct app *app)
{
    char text[200] = "none\n";
    int fd = accept(app->listener, NULL, NULL);

    if (fd < 0)
        return;
    if (app->serving.model)
        (void)snprintf(text, sizeof(text), "%s %016llx\n", mf_model_version(app->serving.model),
                       (unsigned long long)app->serving.digest);
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
    (void)close(fd);
}

/* Returns false when it is time to end. */
static bool handle_signal(struct app *app)
{
    struct signalfd_siginfo info;

    if (read(app->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return true;
    if (info.ssi_signo == SIGTERM)
        return false;
    if (mf_slot_changed(app->slot) == 1)
        switch_in_place(app);
    return true;
}

static void handle_change(struct app *app)
{
    bool first = !app->serving.model;

    if (mf_slot_changed(app->slot) != 1)
        return;
    if (strcmp(app->mode, "notify") == 0 && !first)
        start_loading(app);
    else if (first || strcmp(app->mode, "watch") == 0)
        switch_in_place(app);
}

static void run(struct app *app)
{
    bool watches = strcmp(app->mode, "signal") != 0 && strcmp(app->mode, "restart") != 0;
    struct pollfd fds[] = {
        {.fd = app->listener,         .events = POLLIN},
        {.fd = app->signals,          .events = POLLIN},
        {.fd = app->loaded_pipe[0],   .events = POLLIN},
        {.fd = mf_slot_fd(app->slot), .events = POLLIN},
    };

    handle_change(app);
    for (;;) {
        /* without a model every mode waits for the first */
        nfds_t count = watches || !app->serving.model ? 4 : 3;

        if (poll(fds, count, -1) < 0 && errno != EINTR)
            abort();
        if ((fds[1].revents & POLLIN) && !handle_signal(app))
            return;
        if (fds[2].revents & POLLIN)
            finish_loading(app);
        if (count == 4 && (fds[3].revents & POLLIN))
            handle_change(app);
        if (fds[0].revents & POLLIN)
            answer(app);
    }
}

static int open_listener(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 128) < 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    struct app app = {0};
    struct mf_options options = {.size = sizeof(options)};
    sigset_t set;

    if (argc < 4) {
        (void)fprintf(stderr, "usage: app MODE STATE_DIR SOCKET [FAIL_VERSION]\n");
        return 2;
    }
    app.mode = argv[1];
    app.fail_version = argc > 4 ? argv[4] : NULL;
    options.state_dir = argv[2];
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    app.signals = signalfd(-1, &set, SFD_CLOEXEC);
    app.listener = open_listener(argv[3]);
    if (app.signals < 0 || app.listener < 0 || pipe2(app.loaded_pipe, O_CLOEXEC) < 0 ||
        mf_slot_open("main", &options, &app.slot)) {
        (void)fprintf(stderr, "app: cannot start: %s\n", strerror(errno));
        return 1;
    }
    run(&app);
    if (app.loading)
        finish_loading(&app);
    mf_model_release(app.serving.model);
    mf_slot_close(app.slot);
    (void)close(app.listener);
    (void)close(app.signals);
    (void)close(app.loaded_pipe[0]);
    (void)close(app.loaded_pipe[1]);
    return 0;
}
