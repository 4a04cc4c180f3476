/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modelferry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * An application that uses a model the way libmodelferry wants it: load the new one while the old
 * one serves, switch, say so, drop the old one. Where a real one would hand the bytes to its
 * runtime, this one maps them and says what it serves.
 *
 * usage: modelferry-example [--state-dir DIR] [SLOT]
 */

struct loaded {
    struct mf_model *model;
    void *bytes;
    size_t size;
};

static void unload(struct loaded *loaded)
{
    if (loaded->bytes)
        (void)munmap(loaded->bytes, loaded->size);
    mf_model_release(loaded->model);
    *loaded = (struct loaded){0};
}

static int map_file(const char *path, void **ret_bytes, size_t *ret_size)
{
    struct stat status;
    void *bytes = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (bytes == MAP_FAILED)
        return -1;
    *ret_bytes = bytes;
    *ret_size = (size_t)status.st_size;
    return 0;
}

/* Takes up the slot's current model; what serves now goes on where that fails. */
static void take_up(struct mf_slot *slot, struct loaded *serving)
{
    struct loaded next = {0};
    int r = mf_model_acquire(slot, &next.model);

    if (r) {
        if (r != MF_E_NONE)
            (void)fprintf(stderr, "cannot acquire the model: %s\n", mf_error_text(r));
        return;
    }
    if (map_file(mf_model_path(next.model, NULL), &next.bytes, &next.size) < 0) {
        (void)mf_model_failed(next.model, strerror(errno));
        unload(&next);
        return;
    }
    unload(serving);
    *serving = next;
    (void)mf_model_ready(next.model);
    (void)printf("serving %s %s (%s), %zu bytes\n", mf_model_name(next.model),
                 mf_model_version(next.model), mf_model_variant(next.model), next.size);
    (void)fflush(stdout);
}

static int serve(struct mf_slot *slot, int signals)
{
    struct loaded serving = {0};
    struct pollfd fds[] = {
        {.fd = mf_slot_fd(slot), .events = POLLIN},
        {.fd = signals,          .events = POLLIN},
    };

    take_up(slot, &serving);
    if (!serving.model) {
        (void)printf("no model yet\n");
        (void)fflush(stdout);
    }
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int changed = mf_slot_changed(slot);

        if (changed == 1)
            take_up(slot, &serving);
    }
    unload(&serving);
    return 0;
}

int main(int argc, char **argv)
{
    struct mf_options options = {.size = sizeof(options)};
    const char *name = "main";
    struct mf_slot *slot;
    sigset_t set;
    int signals;
    int r;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state-dir") == 0 && i + 1 < argc)
            options.state_dir = argv[++i];
        else if (argv[i][0] != '-')
            name = argv[i];
        else
            return fprintf(stderr, "usage: modelferry-example [--state-dir DIR] [SLOT]\n"), 2;
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0)
        return perror("modelferry-example"), 1;
    r = mf_slot_open(name, &options, &slot);
    if (r) {
        (void)fprintf(stderr, "modelferry-example: slot '%s': %s\n", name, mf_error_text(r));
        return 1;
    }
    r = serve(slot, signals);
    mf_slot_close(slot);
    (void)close(signals);
    return r;
}
