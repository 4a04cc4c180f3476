/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/daemon.h"

#include "agent/chores.h"
#include "agent/detections.h"
#include "agent/fetch.h"
#include "agent/follow.h"
#include "agent/identity.h"
#include "agent/ipc.h"
#include "agent/loop.h"
#include "agent/parts.h"
#include "agent/reclaim.h"
#include "agent/reporter.h"
#include "agent/status.h"
#include "agent/store.h"
#include "agent/sync.h"
#include "agent/trust.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "lib/http.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

struct daemon {
    const struct config *config;
    void (*reload)(void *state);
    void *reload_state;
    struct loop loop;
    struct loop_source signals;
    struct loop_timer look; /* --once: whether that was all */
    struct store store;
    struct identity identity;
    struct trust trust;
    struct http *http;
    struct ipc ipc;
    struct reporter reporter;
    struct detections detections;
    struct sync sync;
    struct follow follow;
    struct chores chores;
    struct reclaim reclaim;
    struct parts parts;
    bool answered;
    bool failed;
};

/* ---- what the parts tell each other through us */

static void look_soon(void *state)
{
    struct daemon *daemon = state;

    if (daemon->config->once)
        loop_arm(&daemon->loop, &daemon->look, 0);
}

static void look(void *state)
{
    struct daemon *daemon = state;

    if (!daemon->answered || !sync_is_idle(&daemon->sync) || reporter_busy(&daemon->reporter) ||
        daemon->chores.transfer)
        return;
    if (reporter_waiting(&daemon->reporter) && daemon->reporter.online) {
        reporter_deliver(&daemon->reporter, true);
        return;
    }
    daemon->failed = daemon->sync.delayed || daemon->sync.failed || !daemon->sync.online ||
                     reporter_waiting(&daemon->reporter) > 0;
    loop_stop(&daemon->loop);
}

static void on_answered(void *state, int status, int64_t waited_ms)
{
    struct daemon *daemon = state;

    daemon->answered = true;
    if (status == 200 || status == 304) {
        chores_do(&daemon->chores);
        reporter_deliver(&daemon->reporter, !daemon->reporter.online);
    }
    if (!daemon->config->once)
        follow_answered(&daemon->follow, status, waited_ms);
    look_soon(daemon);
}

static void on_signal(void *state, short revents)
{
    struct daemon *daemon = state;
    struct signalfd_siginfo info;

    (void)revents;
    if (read(daemon->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo != SIGHUP) {
        log_line(LOG_INFO, "stopping");
        loop_stop(&daemon->loop);
        return;
    }
    daemon->reload(daemon->reload_state);
    sync_ask(&daemon->sync, 0);
}

static const char *on_opened(void *state, const char *slot, char ret_id[static SLOT_ID_SIZE])
{
    struct daemon *daemon = state;

    if (slot_resolve(&daemon->store, slot, SLOT_LINK_CURRENT, ret_id))
        ret_id[0] = '\0';
    return reload_kind_name(config_reload_rule(daemon->config, slot, NULL)->kind);
}

static void on_status(void *state, struct buffer *json)
{
    struct daemon *daemon = state;
    struct status_live live = {.mode = follow_mode_name(&daemon->follow),
                               .online = daemon->sync.online,
                               .install = &daemon->sync.install};

    status_live(&daemon->parts, &live, json);
}

/* ---- starting and stopping */

static int watch_signals(struct daemon *daemon)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    /* a write beyond RLIMIT_FSIZE is an error like a full disk, not the end */
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return log_fail_errno("cannot set signals up");
    daemon->signals = (struct loop_source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
                                           .events = POLLIN,
                                           .ready = on_signal,
                                           .state = daemon};
    if (daemon->signals.fd < 0)
        return log_fail_errno("cannot set signals up");
    loop_add(&daemon->loop, &daemon->signals);
    return 0;
}

static int open_store(struct daemon *daemon)
{
    const char *path = daemon->config->state_dir;
    char detail[TRUST_DETAIL_SIZE];
    int r = store_open(path, &daemon->store);

    if (r == STORE_E_BUSY)
        return log_fail(ERR_UNAVAILABLE,
                        "another agent runs on '%s': stop it first, or give this one a state "
                        "directory of its own",
                        path);
    if (r)
        return r;
    r = identity_load(&daemon->store, &daemon->identity);
    if (r == IDENTITY_E_NOT_ENROLLED)
        return log_fail(ERR_UNAVAILABLE,
                        "this device is not enrolled: run 'modelferry-agent enroll' first");
    if (r)
        return r > 0 ? ERR_INTERNAL : r;
    r = trust_load(&daemon->store, &daemon->trust, detail);
    if (r == TRUST_E_NONE)
        return log_fail(ERR_UNAVAILABLE, "nothing is trusted: run 'modelferry-agent enroll --root "
                                         "FILE'");
    return r > 0 ? log_fail(ERR_INTERNAL, "%s", detail) : r;
}

static int open_http(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    const struct http_settings settings = {
        .ca_file = config->ca_file,
        .client_cert_file = config->client_cert_file,
        .client_key_file = config->client_key_file,
        .user_agent = "modelferry-agent/" MODELFERRY_VERSION,
        .connect_timeout_ms = config->connect_timeout_ms,
        .low_speed_timeout_s = (config->low_speed_timeout_ms + 999) / 1000,
        .low_speed_bytes = config->low_speed_bytes,
    };
    int r = http_new(&settings, &daemon->http);

    daemon->loop.http = daemon->http;
    return r;
}

static bool keeps(void *state, const char *slot)
{
    const struct daemon *daemon = state;

    return sync_keeps(&daemon->sync, slot);
}

static void assemble(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    const struct retry retry = {.base_ms = config->retry_base_ms, .cap_ms = config->retry_cap_ms};
    const char *url = config->server_url ? config->server_url : daemon->identity.url;

    daemon->parts = (struct parts){.loop = &daemon->loop,
                                   .config = config,
                                   .store = &daemon->store,
                                   .identity = &daemon->identity,
                                   .trust = &daemon->trust,
                                   .ipc = &daemon->ipc,
                                   .reporter = &daemon->reporter,
                                   .detections = &daemon->detections,
                                   .url = url};
    detections_load(&daemon->detections, &daemon->store, daemon->loop.clock);
    reporter_init(&daemon->reporter, &daemon->loop, &daemon->store, &daemon->identity, url, &retry);
    daemon->reporter.detections = &daemon->detections;
    daemon->reporter.idle = look_soon;
    daemon->reporter.state = daemon;
    sync_init(&daemon->sync, &daemon->parts, &retry);
    daemon->sync.once = config->once;
    daemon->sync.settled = look_soon;
    daemon->sync.answered = on_answered;
    daemon->sync.state_of_owner = daemon;
    daemon->chores = (struct chores){.parts = &daemon->parts, .idle = look_soon, .state = daemon};
    daemon->reclaim = (struct reclaim){.parts = &daemon->parts, .keeps = keeps, .state = daemon};
    follow_init(&daemon->follow, &daemon->parts, &daemon->sync);
}

static int start(struct daemon *daemon)
{
    const struct ipc_answers answers = {.opened = on_opened, .status = on_status, .state = daemon};
    int r = open_store(daemon);

    if (!r)
        r = open_http(daemon);
    if (!r)
        r = watch_signals(daemon);
    if (r)
        return r;
    assemble(daemon);
    r = ipc_open(&daemon->ipc, &daemon->loop, daemon->config->socket, daemon->config->socket_group,
                 &answers);
    if (!r)
        r = sync_begin(&daemon->sync);
    if (r)
        return r;
    if (daemon->config->once) {
        sync_ask(&daemon->sync, 0);
        return 0;
    }
    follow_start(&daemon->follow);
    reclaim_start(&daemon->reclaim);
    return 0;
}

static void stop(struct daemon *daemon)
{
    follow_release(&daemon->follow);
    reclaim_release(&daemon->reclaim);
    chores_release(&daemon->chores);
    sync_release(&daemon->sync);
    reporter_release(&daemon->reporter);
    ipc_close(&daemon->ipc);
    cleanup_close(&daemon->signals.fd);
    http_free(daemon->http);
    trust_release(&daemon->trust);
    identity_release(&daemon->identity);
    store_release(&daemon->store);
}

int daemon_run(const struct config *config, void (*reload)(void *state), void *state)
{
    struct daemon daemon = {
        .config = config, .reload = reload, .reload_state = state, .store = STORE_NONE};
    int r;

    daemon.loop.clock = clock_system();
    daemon.signals.fd = -1;
    daemon.look = (struct loop_timer){.fire = look, .state = &daemon};
    r = start(&daemon);
    if (!r) {
        log_line(LOG_INFO, "device '%s' of '%s' serves from '%s'", daemon.identity.device,
                 daemon.parts.url, config->state_dir);
        notify_send("READY=1");
        r = loop_run(&daemon.loop);
        notify_send("STOPPING=1");
    }
    stop(&daemon);
    return r || daemon.failed ? 1 : 0;
}
