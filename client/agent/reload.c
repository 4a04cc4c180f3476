/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reload.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

extern char **environ;

static const char *const target_names[] = {
    [RELOAD_PID] = "pid",
    [RELOAD_PIDFILE] = "pidfile",
    [RELOAD_UNIT] = "unit",
};

/* ---- rules */

/* The next word, copied; the cursor moves behind it and the space that follows. */
static const char *take_word(const char **cursor, struct arena *arena)
{
    size_t length = strcspn(*cursor, " \t");
    const char *word = arena_strndup(arena, *cursor, length);

    *cursor += length;
    *cursor += strspn(*cursor, " \t");
    return word;
}

static int signal_number(const char *text)
{
    const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;

    for (int number = 1; number < NSIG; number++) {
        const char *known = sigabbrev_np(number);

        if (known && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static const char *parse_signal(const char *cursor, struct arena *arena, struct reload_rule *rule)
{
    const char *kind;

    rule->signal = signal_number(take_word(&cursor, arena));
    if (!rule->signal)
        return "the name of a signal, such as HUP, behind 'signal'";
    kind = take_word(&cursor, arena);
    rule->target = take_word(&cursor, arena);
    for (size_t i = 0; i < ARRAY_LEN(target_names); i++) {
        if (strcmp(kind, target_names[i]) != 0 || !*rule->target || *cursor)
            continue;
        rule->target_kind = (enum reload_target)i;
        if (i == RELOAD_PID && strspn(rule->target, "0123456789") != strlen(rule->target))
            return "a number behind 'pid'";
        return NULL;
    }
    return "'pid N', 'pidfile PATH' or 'unit NAME' behind the signal";
}

const char *reload_parse(const char *text, struct arena *arena, struct reload_rule *ret_rule)
{
    const char *colon = strchr(text, ':');
    const char *cursor = colon ? colon + 1 : text;
    struct reload_rule rule = {0};
    const char *expected = NULL;

    rule.slot = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : "";
    if (!name_is_valid(rule.slot))
        return "SLOT: KIND ..., such as 'main: notify'";
    cursor += strspn(cursor, " \t");
    rule.kind = reload_kind_parse(take_word(&cursor, arena));
    if (rule.kind >= RELOAD_REBOOT)
        return "the kind 'watch', 'notify', 'signal' or 'restart' behind the slot";
    if (rule.kind == RELOAD_SIGNAL)
        expected = parse_signal(cursor, arena, &rule);
    else if (rule.kind == RELOAD_RESTART)
        expected = *cursor ? NULL : "a command behind 'restart'";
    else
        expected = *cursor ? "nothing behind the kind" : NULL;
    if (expected)
        return expected;
    rule.command = arena_strdup(arena, cursor);
    *ret_rule = rule;
    return NULL;
}

/* ---- the end of a job */

static void stop(struct reload_job *job)
{
    loop_disarm(job->loop, &job->timeout);
    loop_disarm(job->loop, &job->settle);
    loop_remove(job->loop, &job->child);
    cleanup_close(&job->child.fd);
    job->child.fd = -1;
    ipc_forget(job->ipc, &job->observer);
    job->busy = false;
}

void reload_cancel(struct reload_job *job)
{
    if (job->busy)
        stop(job);
}

static void finish(struct reload_job *job, bool failed, const char *detail)
{
    struct reload_result result = {.failed = failed, .gap_us = job->gap_us};

    (void)snprintf(result.detail, sizeof(result.detail), "%s", detail);
    result.gap_source = job->gap_us < 0 ? "none" : job->had_applications ? "application" : "agent";
    stop(job);
    job->done(job->state, &result);
}

static void on_timeout(void *state)
{
    struct reload_job *job = state;
    char detail[200];

    if (job->child.linked) {
        (void)kill(-job->child_pid, SIGKILL);
        (void)waitpid(job->child_pid, NULL, 0);
        (void)snprintf(detail, sizeof(detail), "'%.100s' did not end within %lld ms",
                       job->rule->command, (long long)job->timeout_ms);
    } else {
        (void)snprintf(detail, sizeof(detail),
                       "the application did not say within %lld ms that it serves the new model",
                       (long long)job->timeout_ms);
    }
    finish(job, true, detail);
}

/* Whether all who were asked have answered. */
static void settle(void *state)
{
    struct reload_job *job = state;

    if (job->problem[0])
        finish(job, true, job->problem);
    else if (!job->awaited && !job->child.linked)
        finish(job, false, "");
}

/* ---- what applications say */

static void on_ready(void *state, const char *id, int64_t gap_us, int64_t at_us)
{
    struct reload_job *job = state;

    if (strcmp(id, job->id) != 0 || !job->awaited)
        return;
    if (job->rule->kind == RELOAD_RESTART && gap_us < 0 && job->gone_us)
        gap_us = at_us > job->gone_us ? at_us - job->gone_us : 0;
    if (gap_us > job->gap_us)
        job->gap_us = gap_us;
    job->awaited--;
    settle(job);
}

static void on_failed(void *state, const char *id, const char *detail)
{
    struct reload_job *job = state;
    char text[256];

    if (strcmp(id, job->id) != 0)
        return;
    (void)snprintf(text, sizeof(text), "the application cannot serve it: %s", detail);
    if (!job->child.linked)
        finish(job, true, text);
}

static void on_gone(void *state, const char *serves)
{
    struct reload_job *job = state;

    if (!job->gone_us)
        job->gone_us = clock_monotonic_us(job->loop->clock);
    /* one that had answered already is waited for again: it crashed with the new model */
    if (strcmp(serves, job->id) == 0)
        job->awaited++;
}

/* ---- commands */

static void on_child(void *state, short revents)
{
    struct reload_job *job = state;
    char detail[200];
    int status = 0;

    (void)revents;
    if (waitpid(job->child_pid, &status, WNOHANG) == 0)
        return;
    loop_remove(job->loop, &job->child);
    cleanup_close(&job->child.fd);
    job->child.fd = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        if (!job->had_applications && job->rule->kind == RELOAD_RESTART)
            job->gap_us = clock_monotonic_us(job->loop->clock) - job->started_us;
        settle(job);
        return;
    }
    if (WIFEXITED(status))
        (void)snprintf(detail, sizeof(detail), "'%.120s' ended with status %d", job->rule->command,
                       WEXITSTATUS(status));
    else
        (void)snprintf(detail, sizeof(detail), "'%.120s' was ended by signal %d",
                       job->rule->command, WTERMSIG(status));
    finish(job, true, detail);
}

static int spawn(char *const argv[], pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error;

    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    error = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

static int run_child(struct reload_job *job, char *const argv[])
{
    int error = spawn(argv, &job->child_pid);

    if (error)
        return log_fail(ERR_INTERNAL, "cannot run '%s': %s", argv[0], strerror(error));
    job->child = (struct loop_source){
        .fd = pidfd_open(job->child_pid, 0), .events = POLLIN, .ready = on_child, .state = job};
    if (job->child.fd < 0)
        return log_fail_errno("cannot watch '%s'", argv[0]);
    loop_add(job->loop, &job->child);
    return 0;
}

static int run_shell(struct reload_job *job)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, strdup(job->rule->command), NULL};
    int r = argv[2] ? run_child(job, argv) : log_fail(ERR_NO_MEMORY, "out of memory");

    free(argv[2]);
    return r;
}

static int signal_unit(struct reload_job *job)
{
    char number[32];
    char *argv[] = {(char[]){"systemctl"},       (char[]){"kill"},
                    (char[]){"--kill-who=main"}, number,
                    strdup(job->rule->target),   NULL};
    int r;

    (void)snprintf(number, sizeof(number), "--signal=%d", job->rule->signal);
    r = argv[4] ? run_child(job, argv) : log_fail(ERR_NO_MEMORY, "out of memory");
    free(argv[4]);
    return r;
}

/* 0: there is no such process. */
static pid_t find_process(const struct reload_rule *rule)
{
    AUTO_FREE char *text = NULL;
    long pid;

    if (rule->target_kind == RELOAD_PID)
        return (pid_t)strtol(rule->target, NULL, 10);
    if (file_read(AT_FDCWD, rule->target, 64, &text, NULL))
        return 0;
    pid = strtol(text, NULL, 10);
    return pid > 1 ? (pid_t)pid : 0;
}

/* Nobody there to signal is no failure: whoever starts later starts with the new model. */
static int send_signal(struct reload_job *job)
{
    pid_t pid;

    if (job->rule->target_kind == RELOAD_UNIT)
        return signal_unit(job);
    pid = find_process(job->rule);
    if (pid && kill(pid, job->rule->signal) == 0)
        return 0;
    if (!pid || errno == ESRCH)
        log_line(LOG_WARN, "slot '%s': no process to signal by %s '%s'", job->slot,
                 target_names[job->rule->target_kind], job->rule->target);
    else
        (void)snprintf(job->problem, sizeof(job->problem), "cannot signal process %d: %s", (int)pid,
                       strerror(errno));
    return 0;
}

void reload_start(struct reload_job *job, struct loop *loop, struct ipc *ipc,
                  const struct reload_rule *rule, const char *slot, const char *id,
                  int64_t timeout_ms, void (*done)(void *state, const struct reload_result *result),
                  void *state)
{
    int r = 0;

    *job = (struct reload_job){.loop = loop,
                               .ipc = ipc,
                               .rule = rule,
                               .done = done,
                               .state = state,
                               .gap_us = -1,
                               .timeout_ms = timeout_ms,
                               .busy = true};
    (void)snprintf(job->slot, sizeof(job->slot), "%s", slot);
    (void)snprintf(job->id, sizeof(job->id), "%s", id);
    job->child.fd = -1;
    job->timeout = (struct loop_timer){.fire = on_timeout, .state = job};
    job->settle = (struct loop_timer){.fire = settle, .state = job};
    job->observer = (struct ipc_observer){
        .slot = job->slot, .ready = on_ready, .failed = on_failed, .gone = on_gone, .state = job};
    job->awaited = ipc_count(ipc, slot);
    job->had_applications = job->awaited > 0;
    job->started_us = clock_monotonic_us(loop->clock);
    ipc_observe(ipc, &job->observer);
    loop_arm(loop, &job->timeout, timeout_ms);
    loop_arm(loop, &job->settle, 0);
    if (rule->kind == RELOAD_NOTIFY)
        ipc_offer(ipc, slot, id);
    else if (rule->kind == RELOAD_RESTART)
        r = run_shell(job);
    else if (rule->kind == RELOAD_SIGNAL)
        r = send_signal(job);
    if (r < 0)
        (void)snprintf(job->problem, sizeof(job->problem),
                       "'%.100s' cannot be started, the log says why", rule->command);
}
