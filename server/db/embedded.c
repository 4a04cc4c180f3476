/* SPDX-License-Identifier: Apache-2.0 */
#include "db/embedded.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "db/embedded_process.h"
#include "db/postgres_bin.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 10
#define START_MS 600000 /* crash recovery of a large database takes its time */
#define STOP_MS 60000
#define ATTACH_MS 60000
#define LOG_MAX_BYTES ((off_t)16 << 20)
#define URL_MAX 1024
/* How long to wait before one that ended by itself is started again: twice as long each time. One
 * that ran for a while is started at once. */
#define RESTART_MIN_MS 200
#define RESTART_MAX_MS 30000
#define STEADY_MS 60000

/* Another process runs PostgreSQL in the directory. */
enum {
    EMBEDDED_E_RUNS = 1,
};

struct embedded {
    struct embedded_process how;
    char url_file[PATH_MAX]; /* DIR/postgres.url */
    char socket[PATH_MAX];
    bool socket_is_ours; /* a temporary directory, removed at the end */
    char *url;
    int lock; /* fd */
    pid_t pid;
    int64_t started_ms; /* monotonic */
    int64_t restart_ms; /* when to start it again, where it ended by itself */
    int64_t back_off_ms;
};

/* Durable as ever, and tuned for one server that takes large uploads. */
static const char *const settings[] = {
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "cluster_name=modelferry",
    "max_connections=200",
    "shared_buffers=256MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "wal_compression=on",
    "wal_buffers=16MB",
    "min_wal_size=256MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "random_page_cost=1.1",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_messages=warning",
    "log_checkpoints=off",
    "logging_collector=off",
};

static int64_t now_ms(void)
{
    return clock_monotonic_us(clock_system()) / 1000;
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

static void path_in(const struct embedded *embedded, const char *name, char ret[static PATH_MAX])
{
    size_t length = strlen(embedded->how.base);

    memcpy(ret, embedded->how.base, length);
    (void)snprintf(ret + length, PATH_MAX - length, "/%s", name);
}

/* ---- directories -------------------------------------------------------------------------- */

static int choose_user(struct embedded *embedded)
{
    const struct passwd *user;

    embedded->how.uid = geteuid();
    embedded->how.gid = getegid();
    if (embedded->how.uid != 0)
        return 0;
    user = getpwnam("postgres");
    if (!user)
        user = getpwnam("nobody");
    if (!user || user->pw_uid == 0)
        return log_fail(ERR_INTERNAL, "PostgreSQL does not run as root, and there is neither a "
                                      "user 'postgres' nor 'nobody'; start as another user");
    embedded->how.uid = user->pw_uid;
    embedded->how.gid = user->pw_gid;
    return 0;
}

static int make_directory(struct embedded *embedded, const char *path)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return log_fail_errno("cannot make '%s'", path);
    if (geteuid() == 0 && lchown(path, embedded->how.uid, embedded->how.gid) < 0)
        return log_fail_errno("cannot give '%s' to the user that runs PostgreSQL", path);
    return 0;
}

static int open_directory(struct embedded *embedded, const char *directory)
{
    char root[PATH_MAX];
    char lock[PATH_MAX];
    int r;

    r = file_mkdirs(AT_FDCWD, directory, 0755);
    if (r)
        return r;
    if (!realpath(directory, root))
        return log_fail_errno("cannot use '%s'", directory);
    if (strlen(root) + sizeof("/postgres/data.new/") > PATH_MAX)
        return log_fail(ERR_INTERNAL, "the path '%s' is too long", root);
    (void)snprintf(lock, sizeof(lock), "%.*s/postgres.lock", PATH_MAX - 32, root);
    embedded->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (embedded->lock < 0)
        return log_fail_errno("cannot open '%s'", lock);
    (void)snprintf(embedded->url_file, sizeof(embedded->url_file), "%.*s/postgres.url",
                   PATH_MAX - 32, root);
    (void)snprintf(embedded->how.base, sizeof(embedded->how.base), "%.*s/postgres", PATH_MAX - 32,
                   root);
    if (flock(embedded->lock, LOCK_EX | LOCK_NB) < 0)
        return EMBEDDED_E_RUNS;
    if (unlink(embedded->url_file) < 0 && errno != ENOENT)
        return log_fail_errno("cannot remove '%s'", embedded->url_file);
    return make_directory(embedded, embedded->how.base);
}

/* The socket lies beside the data, unless its path would not fit a socket address. */
static int choose_socket(struct embedded *embedded)
{
    char template[] = "/tmp/modelferry-XXXXXX";

    path_in(embedded, "socket", embedded->socket);
    if (strlen(embedded->socket) + sizeof("/.s.PGSQL.5432.lock") <=
        sizeof(((struct sockaddr_un *)0)->sun_path))
        return make_directory(embedded, embedded->socket);
    if (!mkdtemp(template))
        return log_fail_errno("cannot make a directory for the socket of PostgreSQL in /tmp");
    embedded->socket_is_ours = true;
    memcpy(embedded->socket, template, sizeof(template));
    return make_directory(embedded, embedded->socket);
}

/* ---- the cluster -------------------------------------------------------------------------- */

/* The major version that made the cluster; 0: there is none yet. */
static int read_major(const struct embedded *embedded, int *ret_major)
{
    char path[PATH_MAX];
    AUTO_FREE char *text = NULL;
    int r;

    path_in(embedded, "data/PG_VERSION", path);
    r = file_read(AT_FDCWD, path, 64, &text, NULL);
    if (r < 0)
        return r;
    *ret_major = r ? 0 : (int)strtol(text, NULL, 10);
    return 0;
}

/* In a directory of its own that gets its name when it is whole. */
static int make_cluster(const struct embedded *embedded)
{
    char fresh[PATH_MAX];
    char data[PATH_MAX];
    const char *const argv[] = {
        "initdb", "-D", fresh,  "-U",         "modelferry",       "-A",
        "trust",  "-E", "UTF8", "--locale=C", "--data-checksums", "--no-instructions",
        NULL};
    int r;

    path_in(embedded, "data.new", fresh);
    path_in(embedded, "data", data);
    r = file_remove_tree(AT_FDCWD, fresh);
    if (r)
        return r;
    log_line(LOG_INFO, "making a private PostgreSQL in '%s'", embedded->how.base);
    r = embedded_process_run(&embedded->how, argv);
    if (r)
        return r;
    if (rename(fresh, data) < 0)
        return log_fail_errno("cannot rename '%s'", fresh);
    return file_sync_dir(AT_FDCWD, embedded->how.base);
}

/* Whether the process is a PostgreSQL on our data: its working directory is that. */
static bool runs_here(const char *data, pid_t pid)
{
    char link[64];
    char cwd[PATH_MAX];

    (void)snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
    ssize_t length = readlink(link, cwd, sizeof(cwd) - 1);
    if (length < 0)
        return false;
    cwd[length] = '\0';
    return strcmp(cwd, data) == 0;
}

static bool wait_gone(const char *data, pid_t pid)
{
    int64_t deadline = now_ms() + STOP_MS;

    while (runs_here(data, pid)) {
        if (now_ms() > deadline)
            return false;
        nap();
    }
    return true;
}

/* One that an earlier modelferryd left behind, which holds no lock any more. */
static int stop_left_behind(const struct embedded *embedded)
{
    char data[PATH_MAX];
    char path[PATH_MAX];
    AUTO_FREE char *text = NULL;
    int r;

    path_in(embedded, "data", data);
    path_in(embedded, "data/postmaster.pid", path);
    r = file_read(AT_FDCWD, path, 4096, &text, NULL);
    if (r)
        return r < 0 ? r : 0;
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    if (pid <= 1 || !runs_here(data, pid))
        return 0; /* PostgreSQL itself sees that the file is stale */
    log_line(LOG_INFO, "waiting for the PostgreSQL of an earlier run to stop");
    (void)kill(pid, SIGINT);
    if (wait_gone(data, pid))
        return 0;
    (void)kill(pid, SIGQUIT);
    if (wait_gone(data, pid))
        return 0;
    return log_fail(ERR_INTERNAL, "the PostgreSQL of an earlier run (process %d) does not stop",
                    (int)pid);
}

static void rotate_log(const struct embedded *embedded)
{
    char log[PATH_MAX];
    char old[PATH_MAX];
    struct stat stat;

    path_in(embedded, "log", log);
    path_in(embedded, "log.1", old);
    if (lstat(log, &stat) == 0 && stat.st_size > LOG_MAX_BYTES)
        (void)rename(log, old);
}

static int start(struct embedded *embedded)
{
    char data[PATH_MAX];
    const char *argv[EMBEDDED_PROCESS_ARGS_MAX] = {"postgres", "-D", data, "-k", embedded->socket};
    size_t count = 5;

    _Static_assert(5 + 2 * ARRAY_LEN(settings) < EMBEDDED_PROCESS_ARGS_MAX,
                   "more arguments than fit");
    path_in(embedded, "data", data);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        argv[count++] = "-c";
        argv[count++] = settings[i];
    }
    embedded->started_ms = now_ms();
    return embedded_process_spawn(&embedded->how, argv, &embedded->pid);
}

static int wait_ready(struct embedded *embedded)
{
    int64_t deadline = now_ms() + START_MS;
    int status;

    while (PQping(embedded->url) != PQPING_OK) {
        if (waitpid(embedded->pid, &status, WNOHANG) == embedded->pid) {
            embedded->pid = 0;
            return embedded_process_fail(&embedded->how, "the private PostgreSQL did not start");
        }
        if (now_ms() > deadline)
            return embedded_process_fail(&embedded->how,
                                         "the private PostgreSQL takes no connections");
        nap();
    }
    return 0;
}

/* "host='...' ...", with what must be escaped in it. */
static char *make_url(const char *socket)
{
    CLEANUP(buffer_release) struct buffer url = BUFFER(2 * PATH_MAX + 128);

    buffer_append_text(&url, "host='");
    for (const char *c = socket; *c; c++) {
        if (*c == '\'' || *c == '\\')
            buffer_append_char(&url, '\\');
        buffer_append_char(&url, *c);
    }
    buffer_append_text(&url, "' user=modelferry dbname=postgres");
    return url.failed ? NULL : strdup(url.bytes);
}

static int bring_up(struct embedded *embedded, const char *directory)
{
    int major;
    int r;

    r = choose_user(embedded);
    if (r)
        return r;
    r = open_directory(embedded, directory);
    if (r)
        return r;
    r = read_major(embedded, &major);
    if (r)
        return r;
    r = postgres_bin_find(major, embedded->how.bin);
    if (r)
        return r;
    rotate_log(embedded);
    r = major ? stop_left_behind(embedded) : make_cluster(embedded);
    if (r)
        return r;
    r = choose_socket(embedded);
    if (r)
        return r;
    embedded->url = make_url(embedded->socket);
    if (!embedded->url)
        return log_fail(ERR_NO_MEMORY, "cannot start PostgreSQL: out of memory");
    r = start(embedded);
    if (r)
        return r;
    r = wait_ready(embedded);
    if (r)
        return r;
    return file_replace(AT_FDCWD, embedded->url_file, embedded->url, strlen(embedded->url), 0600);
}

/* Waits for the process that holds the lock to have its PostgreSQL ready. */
static int attach(struct embedded *embedded)
{
    int64_t deadline = now_ms() + ATTACH_MS;
    int r;

    (void)close(TAKE_FD(embedded->lock));
    while (true) {
        r = file_read(AT_FDCWD, embedded->url_file, URL_MAX, &embedded->url, NULL);
        if (r < 0)
            return r;
        if (r == 0 && PQping(embedded->url) == PQPING_OK)
            return 0;
        free(TAKE_PTR(embedded->url));
        if (now_ms() > deadline)
            return log_fail(ERR_UNAVAILABLE,
                            "a modelferryd runs on '%s', but its PostgreSQL takes no connections",
                            embedded->how.base);
        nap();
    }
}

static int open_or_start(const char *directory, bool may_attach, struct embedded **ret_embedded)
{
    struct embedded *embedded = calloc(1, sizeof(*embedded));
    int r;

    if (!embedded)
        return log_fail(ERR_NO_MEMORY, "cannot start PostgreSQL: out of memory");
    embedded->lock = -1;
    r = bring_up(embedded, directory);
    if (r == EMBEDDED_E_RUNS)
        r = may_attach ? attach(embedded)
                       : log_fail(ERR_INTERNAL, "another modelferryd runs in '%s'; stop it first",
                                  directory);
    if (r) {
        embedded_stop(embedded);
        return r;
    }
    *ret_embedded = embedded;
    return 0;
}

int embedded_start(const char *directory, struct embedded **ret_embedded)
{
    return open_or_start(directory, false, ret_embedded);
}

int embedded_open(const char *directory, struct embedded **ret_embedded)
{
    return open_or_start(directory, true, ret_embedded);
}

const char *embedded_url(const struct embedded *embedded)
{
    return embedded->url;
}

/* ---- an end that nobody asked for --------------------------------------------------------- */

static void plan_restart(struct embedded *embedded, int status)
{
    int64_t now = now_ms();
    char what[160];

    if (now - embedded->started_ms >= STEADY_MS)
        embedded->back_off_ms = 0;
    (void)snprintf(what, sizeof(what),
                   "the private PostgreSQL ended by itself (%s %d); it is started again in %d ms",
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   (int)embedded->back_off_ms);
    (void)embedded_process_fail(&embedded->how, what);
    embedded->restart_ms = now + embedded->back_off_ms;
    embedded->back_off_ms =
        embedded->back_off_ms ? 2 * embedded->back_off_ms : (int64_t)RESTART_MIN_MS;
    if (embedded->back_off_ms > RESTART_MAX_MS)
        embedded->back_off_ms = RESTART_MAX_MS;
}

int64_t embedded_watch(struct embedded *embedded)
{
    int64_t now = now_ms();
    int status;

    if (embedded->lock < 0)
        return -1;
    if (embedded->pid > 0) {
        if (waitpid(embedded->pid, &status, WNOHANG) != embedded->pid)
            return -1;
        embedded->pid = 0;
        plan_restart(embedded, status);
    }
    if (now < embedded->restart_ms)
        return embedded->restart_ms - now;
    rotate_log(embedded);
    if (start(embedded) == 0)
        return -1;
    embedded->restart_ms = now + RESTART_MAX_MS;
    return RESTART_MAX_MS;
}

/* ---- the end ------------------------------------------------------------------------------- */

static bool wait_child(pid_t pid)
{
    int64_t deadline = now_ms() + STOP_MS;

    while (true) {
        pid_t ended = waitpid(pid, NULL, WNOHANG);

        if (ended == pid || (ended < 0 && errno != EINTR))
            return true;
        if (now_ms() > deadline)
            return false;
        nap();
    }
}

void embedded_stop(struct embedded *embedded)
{
    if (!embedded)
        return;
    if (embedded->pid > 0) {
        (void)kill(embedded->pid, SIGINT);
        if (!wait_child(embedded->pid)) {
            log_line(LOG_WARN, "the private PostgreSQL does not stop; it is stopped the hard way");
            (void)kill(embedded->pid, SIGQUIT);
            (void)wait_child(embedded->pid);
        }
    }
    if (embedded->socket_is_ours)
        (void)rmdir(embedded->socket);
    if (embedded->lock >= 0) {
        if (embedded->url)
            (void)unlink(embedded->url_file);
        (void)close(embedded->lock);
    }
    free(embedded->url);
    free(embedded);
}
