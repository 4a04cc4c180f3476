/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rollout.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/units.h"

#include <string.h>

#define POLL_MS 400
#define POLL_MS_PER_DEVICE 5
#define POLL_MS_MAX 10000
#define REPORTS_MAX 20

static const char *const state_names[] = {
    [ROLLOUT_PENDING] = "pending", [ROLLOUT_INSTALLED] = "installed",
    [ROLLOUT_FAILED] = "failed",   [ROLLOUT_SUPERSEDED] = "superseded",
    [ROLLOUT_REVOKED] = "revoked",
};

struct watching {
    const struct rollout *rollout;
    struct cli *cli;
    enum rollout_state *states;
    json_t *results;
    size_t pending;
    size_t bad;
    bool drawn;
};

static bool is_reference(const json_t *slot, const struct reference *reference)
{
    const char *model = json_string_value(json_object_get(slot, "model"));
    const char *version = json_string_value(json_object_get(slot, "version"));

    return model && version && strcmp(model, reference->model) == 0 &&
           strcmp(version, reference->version) == 0;
}

enum rollout_state rollout_judge(const json_t *device, const char *slot,
                                 const struct reference *reference)
{
    const char *device_state = json_string_value(json_object_get(device, "state"));
    const json_t *desired = json_object_get(device, "desired");
    const json_t *wanted = json_object_get(json_object_get(desired, "slots"), slot);
    const json_t *report = json_object_get(json_object_get(device, "installed"), slot);
    const char *state = json_string_value(json_object_get(report, "state"));

    if (device_state && strcmp(device_state, "revoked") == 0)
        return ROLLOUT_REVOKED;
    if (!is_reference(wanted, reference))
        return ROLLOUT_SUPERSEDED;
    if (!state || !is_reference(report, reference))
        return ROLLOUT_PENDING;
    if (strcmp(state, "installed") == 0)
        return ROLLOUT_INSTALLED;
    return strcmp(state, "failed") == 0 ? ROLLOUT_FAILED : ROLLOUT_PENDING;
}

/* "3 of 10 devices", in place, on a terminal. */
static void draw(struct watching *watching)
{
    const struct output *output = &watching->cli->output;
    size_t count = watching->rollout->count;

    if (!output->err_terminal || output->json || output->quiet)
        return;
    (void)fprintf(output->err, "\r\x1b[K%zu of %zu devices have answered",
                  count - watching->pending, count);
    (void)fflush(output->err);
    watching->drawn = true;
}

static void erase(struct watching *watching)
{
    if (watching->drawn)
        (void)fputs("\r\x1b[K", watching->cli->output.err);
    watching->drawn = false;
}

static void tell(struct watching *watching, const char *name, enum rollout_state state,
                 const json_t *report)
{
    const json_t *error = json_object_get(report, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *detail = json_string_value(json_object_get(error, "detail"));
    const json_t *gap = json_object_get(report, "gap_us");
    char gap_text[UNITS_SIZE] = "";

    if (json_is_integer(gap))
        units_duration(json_integer_value(gap), gap_text);
    erase(watching);
    if (state == ROLLOUT_FAILED)
        output_line(&watching->cli->output, "%s  failed  %s%s%s", name, code ? code : "",
                    detail ? ": " : "", detail ? detail : "");
    else
        output_line(&watching->cli->output, "%s  %s%s%s", name, state_names[state],
                    *gap_text ? "  gap " : "", gap_text);
    (void)fflush(watching->cli->output.out);
}

static void settle(struct watching *watching, size_t index, enum rollout_state state,
                   const json_t *device)
{
    const json_t *report =
        json_object_get(json_object_get(device, "installed"), watching->rollout->slot);
    json_t *result = json_array_get(watching->results, index);

    watching->states[index] = state;
    (void)json_object_set_new(result, "state", json_string(state_names[state]));
    if (state == ROLLOUT_PENDING)
        return;
    watching->pending--;
    watching->bad += state != ROLLOUT_INSTALLED;
    if (state == ROLLOUT_INSTALLED && json_object_get(report, "gap_us"))
        (void)json_object_set(result, "gap_us", json_object_get(report, "gap_us"));
    if (state == ROLLOUT_FAILED && json_object_get(report, "error"))
        (void)json_object_set(result, "error", json_object_get(report, "error"));
    tell(watching, watching->rollout->devices[index], state, report);
}

/*
 * Whether a failure is of the desired state that is there now: the device's list of slots does not
 * say, the signed report does. Where that is gone already, the failure is believed.
 */
static int check_failure(struct watching *watching, size_t index, const json_t *device,
                         enum rollout_state *state)
{
    const struct rollout *rollout = watching->rollout;
    const json_t *slot = json_object_get(json_object_get(device, "installed"), rollout->slot);
    json_int_t sequence = json_integer_value(json_object_get(slot, "sequence"));
    json_int_t desired =
        json_integer_value(json_object_get(json_object_get(device, "desired"), "version"));
    json_auto_t *reports = NULL;
    size_t i;
    json_t *item;
    int r;

    r = server_list(rollout->server, "ask how far the devices are",
                    SERVER_ADDRESS(rollout->server, "devices", rollout->devices[index], "reports"),
                    "", REPORTS_MAX, &reports);
    if (r)
        return r;
    json_array_foreach (json_object_get(reports, "items"), i, item) {
        const json_t *part = json_object_get(json_object_get(item, "report"), "signed");
        const json_t *seen = json_object_get(part, "state_version");

        if (json_integer_value(json_object_get(item, "sequence")) == sequence &&
            json_is_integer(seen) && json_integer_value(seen) < desired)
            *state = ROLLOUT_PENDING;
    }
    return 0;
}

/* Asks for every device that has not answered yet. */
static int look(struct watching *watching)
{
    const struct rollout *rollout = watching->rollout;

    for (size_t i = 0; i < rollout->count; i++) {
        json_auto_t *device = NULL;
        enum rollout_state state;
        int r;

        if (watching->states[i] != ROLLOUT_PENDING)
            continue;
        r = server_get(rollout->server, "ask how far the devices are",
                       SERVER_ADDRESS(rollout->server, "devices", rollout->devices[i]), &device);
        if (r)
            return r;
        state = rollout_judge(device, rollout->slot, &rollout->reference);
        if (state == ROLLOUT_FAILED)
            r = check_failure(watching, i, device, &state);
        if (r)
            return r;
        settle(watching, i, state, device);
    }
    return 0;
}

static int watch(struct watching *watching, struct interrupt *interrupt)
{
    const struct rollout *rollout = watching->rollout;
    const struct clock *clock = watching->cli->clock;
    int64_t deadline_us = clock_monotonic_us(clock) + rollout->timeout_ms * 1000;

    for (;;) {
        int64_t sleep_ms = POLL_MS + (int64_t)watching->pending * POLL_MS_PER_DEVICE;
        int r;

        r = look(watching);
        if (r)
            return r;
        if (watching->pending == 0)
            return 0;
        draw(watching);
        if (rollout->timeout_ms && clock_monotonic_us(clock) >= deadline_us)
            return CLI_TIMED_OUT;
        if (interrupt_sleep(interrupt, (int)(sleep_ms < POLL_MS_MAX ? sleep_ms : POLL_MS_MAX)))
            return CLI_INTERRUPTED;
    }
}

static int report(struct watching *watching, int r)
{
    struct output *output = &watching->cli->output;
    static const char hint[] = "what was set stays set: see modelferry device show NAME";

    erase(watching);
    if (r == CLI_TIMED_OUT)
        return output_fail(output, r, hint, "%zu of %zu devices have not answered in time",
                           watching->pending, watching->rollout->count);
    if (r == CLI_INTERRUPTED)
        return output_fail(output, r, hint, "interrupted: %zu of %zu devices have not answered",
                           watching->pending, watching->rollout->count);
    if (!r && watching->bad > 0)
        return output_fail(output, CLI_FAILED, "see modelferry device show NAME",
                           "%zu of %zu devices have not installed it", watching->bad,
                           watching->rollout->count);
    return r;
}

int rollout_wait(const struct rollout *rollout, json_t **ret_devices)
{
    struct cli *cli = rollout->server->cli;
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    struct watching watching = {
        .rollout = rollout,
        .cli = cli,
        .states = arena_array(&cli->arena, rollout->count + 1, sizeof(*watching.states)),
        .results = json_array(),
        .pending = rollout->count,
    };
    int r;

    for (size_t i = 0; i < rollout->count; i++)
        (void)json_array_append_new(watching.results,
                                    json_pack("{s:s, s:s}", "device", rollout->devices[i], "state",
                                              state_names[ROLLOUT_PENDING]));
    *ret_devices = watching.results;
    r = interrupt_open(&interrupt);
    if (!r)
        r = report(&watching, watch(&watching, &interrupt));
    return r;
}
