/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listener.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/listener_state.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_MS 250
#define BACKLOG 4096
#define STOP_POLL_MS 10
/* How much of a reply may lie in the kernel unsent: enough to keep any line busy between two turns
 * of an I/O thread, and no more, so that sender and receiver work on a download side by side. */
#define UNSENT_BYTES_MAX (128 << 10)

/* ---- time ----------------------------------------------------------------------------------- */

static void wait_ms(pthread_cond_t *wake, pthread_mutex_t *lock, int64_t ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms * 1000000);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(wake, lock, &until);
}

static void update_now(struct listener *listener)
{
    atomic_store(&listener->now_ms, clock_monotonic_us(clock_system()) / 1000);
}

/* Deadlines are looked at a few times a second: they cut what is slow, they time nothing. */
static void *sweep(void *arg)
{
    struct listener *listener = arg;

    (void)pthread_mutex_lock(&listener->sweep_lock);
    while (!listener->sweep_ends) {
        unsigned cut;

        wait_ms(&listener->sweep_wake, &listener->sweep_lock, SWEEP_MS);
        update_now(listener);
        cut = connection_sweep(&listener->connections, atomic_load(&listener->now_ms));
        if (cut)
            log_line(LOG_DEBUG, "cut %u connections of listener '%s' that were too slow", cut,
                     listener->config.name);
    }
    (void)pthread_mutex_unlock(&listener->sweep_lock);
    return NULL;
}

static int start_sweeper(struct listener *listener)
{
    sigset_t all;
    sigset_t before;
    int err;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&listener->sweeper, NULL, sweep, listener);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        return log_fail(ERR_INTERNAL, "cannot start a thread: %s", strerror(err));
    (void)pthread_setname_np(listener->sweeper, "sweeper");
    listener->sweeping = true;
    return 0;
}

static void stop_sweeper(struct listener *listener)
{
    if (!listener->sweeping)
        return;
    (void)pthread_mutex_lock(&listener->sweep_lock);
    listener->sweep_ends = true;
    (void)pthread_cond_signal(&listener->sweep_wake);
    (void)pthread_mutex_unlock(&listener->sweep_lock);
    (void)pthread_join(listener->sweeper, NULL);
    listener->sweeping = false;
}

/* ---- binding -------------------------------------------------------------------------------- */

DEFINE_CLEANUP(cleanup_addrinfo, struct addrinfo *, freeaddrinfo);

bool listener_parse_port(const char *text, uint16_t *ret_port)
{
    unsigned long port;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    port = strtoul(text, &end, 10);
    if (*end || port > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* "host:port", "[v6]:port" or ":port" */
static int resolve(const char *address, struct addrinfo **ret_info)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const char *colon = strrchr(address, ':');
    uint16_t port;
    char host[256];
    size_t length;
    int err;

    if (!colon || (size_t)(colon - address) >= sizeof(host) ||
        !listener_parse_port(colon + 1, &port))
        return log_fail(ERR_INTERNAL, "'%s' is no address to listen on: expected HOST:PORT",
                        address);
    length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && colon[-1] == ']')
        (void)snprintf(host, sizeof(host), "%.*s", (int)length - 2, address + 1);
    else
        (void)snprintf(host, sizeof(host), "%.*s", (int)length, address);
    err = getaddrinfo(*host ? host : NULL, colon + 1, &hints, ret_info);
    if (err)
        return log_fail(ERR_INTERNAL, "cannot listen on '%s': %s", address, gai_strerror(err));
    return 0;
}

static int bind_to(struct listener *listener, const struct addrinfo *info)
{
    const int on = 1;
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);

    listener->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(listener->fd, info->ai_addr, info->ai_addrlen) < 0 ||
        listen(listener->fd, BACKLOG) < 0 ||
        getsockname(listener->fd, (struct sockaddr *)&bound, &size) < 0)
        return log_fail_errno("cannot listen on '%s'", listener->config.address);
    listener->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                       : ((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

static const char *copy(struct listener *listener, const char *text)
{
    return arena_strdup(&listener->arena, text);
}

static struct listener *listener_alloc(const struct listener_config *config)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    pthread_condattr_t attributes;

    if (!listener)
        return NULL;
    listener->fd = -1;
    listener->config = *config;
    listener->config.name = copy(listener, config->name);
    listener->config.address = copy(listener, config->address);
    listener_set_timeouts(listener, config->header_timeout_s, config->body_timeout_s);
    connection_set_init(&listener->connections, config->connections_max);
    (void)pthread_mutex_init(&listener->wait_lock, NULL);
    (void)pthread_mutex_init(&listener->sweep_lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&listener->sweep_wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    update_now(listener);
    return listener;
}

DEFINE_CLEANUP(cleanup_listener, struct listener *, listener_free);

int listener_new(const struct listener_config *config, struct listener **ret_listener)
{
    CLEANUP(cleanup_listener) struct listener *listener = listener_alloc(config);
    CLEANUP(cleanup_addrinfo) struct addrinfo *info = NULL;
    int r;

    if (!listener)
        return log_fail(ERR_NO_MEMORY, "cannot make listener '%s': out of memory", config->name);
    r = resolve(config->address, &info);
    if (!r)
        r = bind_to(listener, info);
    if (!r && config->tls_cert_file)
        r = tls_new(config->tls_cert_file, config->tls_key_file, config->tls_client_ca_file,
                    &listener->tls);
    if (r)
        return r;
    *ret_listener = TAKE_PTR(listener);
    return 0;
}

/* ---- libmicrohttpd -------------------------------------------------------------------------- */

static void log_mhd(void *arg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Most of what it says is about clients that went away. */
static void log_mhd(void *arg, const char *format, va_list args)
{
    const struct listener *listener = arg;
    char text[512];
    int length = vsnprintf(text, sizeof(text), format, args);

    while (length > 0 && length < (int)sizeof(text) && text[length - 1] == '\n')
        text[--length] = '\0';
    log_line(strncmp(text, "Failed", 6) == 0 ? LOG_WARN : LOG_DEBUG, "listener '%s': %s",
             listener->config.name, text);
}

static void set_socket_options(const struct listener *listener, int fd)
{
    const unsigned timeout_ms = listener->config.idle_timeout_s * 1000U;
    const int unsent = UNSENT_BYTES_MAX;

    /* a peer that lost power in the middle of an event stream must not stay for hours */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

static void notify_connection(void *arg, struct MHD_Connection *mhd, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    struct listener *listener = arg;
    const union MHD_ConnectionInfo *info;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        connection_close(&listener->connections, TAKE_PTR(*context));
        return;
    }
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    set_socket_options(listener, info->connect_fd);
    *context =
        connection_open(&listener->connections, listener, info->connect_fd,
                        atomic_load(&listener->now_ms) + atomic_load(&listener->header_timeout_ms));
}

static size_t leave_encoded(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

/* Options that depend on the configuration. */
static size_t add_options(struct listener *listener, struct MHD_OptionItem *options)
{
    const struct listener_config *config = &listener->config;
    size_t count = 0;

    if (config->threads > 1)
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)config->threads, NULL};
    if (config->connections_per_ip_max)
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                                   (intptr_t)config->connections_per_ip_max, NULL};
    if (listener->tls)
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_callback()};
    if (listener->tls && tls_client_ca(listener->tls))
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                                   (void *)(uintptr_t)tls_client_ca(listener->tls)};
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return count;
}

int listener_start(struct listener *listener)
{
    const struct listener_config *config = &listener->config;
    struct MHD_OptionItem options[8];
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    int r;

    if (listener->tls)
        flags |= MHD_USE_TLS;
    (void)add_options(listener, options);
    r = start_sweeper(listener);
    if (r)
        return r;
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_handle, listener, MHD_OPTION_EXTERNAL_LOGGER, log_mhd,
        listener, MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, listener, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, listener,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, listener, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_encoded, NULL, MHD_OPTION_CONNECTION_LIMIT, config->connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        config->connection_memory_bytes, MHD_OPTION_CONNECTION_MEMORY_INCREMENT,
        config->connection_memory_increment, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!listener->daemon)
        return log_fail_errno("cannot serve on '%s'", config->address);
    listener->fd = -1; /* the daemon's from here on */
    return 0;
}

/* ---- stopping ------------------------------------------------------------------------------- */

bool listener_stopping(const struct listener *listener)
{
    return atomic_load(&listener->stopping);
}

static void wake_waiting(struct listener *listener)
{
    (void)pthread_mutex_lock(&listener->wait_lock);
    for (struct request *r = listener->waiting; r; r = r->wait_next)
        waker_wake(&r->waker);
    (void)pthread_mutex_unlock(&listener->wait_lock);
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_nsec = (long)(ms * 1000000)};

    (void)nanosleep(&pause, NULL);
}

static void wait_until_idle(struct listener *listener, int grace_ms)
{
    int64_t until = clock_monotonic_us(clock_system()) + (int64_t)grace_ms * 1000;

    while (connection_busy(&listener->connections) > 0 &&
           clock_monotonic_us(clock_system()) < until)
        pause_ms(STOP_POLL_MS);
}

/* libmicrohttpd must not be stopped while anything is suspended; what runs on workers is waited for
 * because it resumes connections when it is done. */
static void cut_all(struct listener *listener)
{
    atomic_store(&listener->cut, true);
    connection_cut(&listener->connections, false);
    while (atomic_load(&listener->jobs) > 0 || connection_busy(&listener->connections) > 0) {
        wake_waiting(listener);
        pause_ms(STOP_POLL_MS);
    }
}

void listener_stop(struct listener *listener, int grace_ms)
{
    MHD_socket fd;

    if (!listener->daemon)
        return;
    fd = MHD_quiesce_daemon(listener->daemon);
    atomic_store(&listener->stopping, true);
    wake_waiting(listener);
    wait_until_idle(listener, grace_ms);
    cut_all(listener);
    MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
    if (fd != MHD_INVALID_SOCKET)
        (void)close(fd);
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    listener_stop(listener, 0);
    stop_sweeper(listener);
    if (listener->fd >= 0)
        (void)close(listener->fd);
    tls_free(listener->tls);
    connection_set_release(&listener->connections);
    (void)pthread_cond_destroy(&listener->sweep_wake);
    (void)pthread_mutex_destroy(&listener->sweep_lock);
    (void)pthread_mutex_destroy(&listener->wait_lock);
    arena_release(&listener->arena);
    free(listener);
}

void listener_reload(struct listener *listener)
{
    if (listener->tls && tls_reload(listener->tls))
        log_line(LOG_ERROR, "listener '%s': its certificates stay as they were",
                 listener->config.name);
}

void listener_set_timeouts(struct listener *listener, unsigned header_timeout_s,
                           unsigned body_timeout_s)
{
    atomic_store(&listener->header_timeout_ms, (int64_t)header_timeout_s * 1000);
    atomic_store(&listener->body_timeout_ms, (int64_t)body_timeout_s * 1000);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}

void listener_stats(const struct listener *listener, struct listener_stats *ret_stats)
{
    struct listener *l = (struct listener *)(uintptr_t)listener; /* only locks it */
    struct listener_stats stats = {
        .connections = connection_count(&l->connections),
        .requests_total = atomic_load(&listener->requests),
        .rejected_total = atomic_load(&listener->rejected),
        .body_bytes_total = atomic_load(&listener->body_bytes),
    };

    for (size_t i = 0; i < ARRAY_LEN(stats.by_status); i++)
        stats.by_status[i] = atomic_load(&listener->by_status[i]);
    *ret_stats = stats;
}
