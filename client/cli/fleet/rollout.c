/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet/rollout.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/units.h"

#include <string.h>

#define POLL_MS 400
/* The more are waited for, the less often. */
#define DEVICES_PER_POLL_MS 10
#define POLL_MS_MAX 10000

struct watching {
    const struct rollout *rollout;
    struct cli *cli;
    json_t *places;  /* name -> index, of those that are pending */
    json_t *results; /* in the order of the devices */
    size_t bad;
    bool drawn;
};

static size_t pending(const struct watching *watching)
{
    return json_object_size(watching->places);
}

/* "3 of 10 devices", in place, on a terminal. */
static void draw(struct watching *watching)
{
    const struct output *output = &watching->cli->output;
    size_t count = watching->rollout->count;

    if (!output->err_terminal || output->json || output->quiet)
        return;
    (void)fprintf(output->err, "\r\x1b[K%zu of %zu devices have answered",
                  count - pending(watching), count);
    (void)fflush(output->err);
    watching->drawn = true;
}

static void erase(struct watching *watching)
{
    if (watching->drawn)
        (void)fputs("\r\x1b[K", watching->cli->output.err);
    watching->drawn = false;
}

static void tell(struct watching *watching, const json_t *settled)
{
    const char *name = json_string_value(json_object_get(settled, "device"));
    const char *state = json_string_value(json_object_get(settled, "state"));
    const json_t *error = json_object_get(settled, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *detail = json_string_value(json_object_get(error, "detail"));
    const json_t *gap = json_object_get(settled, "gap_us");
    char gap_text[UNITS_SIZE] = "";

    if (json_is_integer(gap))
        units_duration(json_integer_value(gap), gap_text);
    erase(watching);
    output_line(&watching->cli->output, "%s  %s%s%s%s%s%s%s", name, state,
                *gap_text ? "  gap " : "", gap_text, code ? "  " : "", code ? code : "",
                detail ? ": " : "", detail ? detail : "");
    (void)fflush(watching->cli->output.out);
}

/* One device that has answered, or never will. Others than those asked for are left alone. */
static void settle(struct watching *watching, const json_t *settled)
{
    const char *name = json_string_value(json_object_get(settled, "device"));
    const char *state = json_string_value(json_object_get(settled, "state"));
    const json_t *place = name && state ? json_object_get(watching->places, name) : NULL;

    if (!place)
        return;
    (void)json_object_update(json_array_get(watching->results, (size_t)json_integer_value(place)),
                             (json_t *)settled);
    (void)json_object_del(watching->places, name);
    watching->bad += strcmp(state, "installed") != 0;
    tell(watching, settled);
}

static json_t *make_question(const struct watching *watching)
{
    const struct rollout *rollout = watching->rollout;
    json_t *devices = json_array();
    const char *name;
    json_t *place;

    json_object_foreach (watching->places, name, place)
        (void)json_array_append_new(devices, json_string(name));
    return json_pack("{s:o, s:s, s:s, s:s}", "devices", devices, "slot", rollout->slot, "model",
                     rollout->reference.model, "version", rollout->reference.version);
}

/* Asks for all that have not answered yet, at once; again where the answer did not hold all. */
static int look(struct watching *watching)
{
    struct server *server = watching->rollout->server;
    bool more = true;

    while (more && pending(watching) > 0) {
        json_auto_t *body = make_question(watching);
        json_auto_t *answer = NULL;
        size_t before = pending(watching);
        size_t index;
        json_t *settled;
        int r = server_ask(server,
                           &(struct server_question){
                               .what = "ask how far the devices are",
                               .address = SERVER_ADDRESS(server, "desired", "progress"),
                               .body = body,
                               .repeatable = true,
                           },
                           NULL, &answer);

        if (r)
            return r;
        json_array_foreach (json_object_get(answer, "settled"), index, settled)
            settle(watching, settled);
        more = json_is_true(json_object_get(answer, "more")) && pending(watching) < before;
    }
    return 0;
}

static int watch(struct watching *watching, struct interrupt *interrupt)
{
    const struct rollout *rollout = watching->rollout;
    const struct clock *clock = watching->cli->clock;
    int64_t deadline_us = clock_monotonic_us(clock) + rollout->timeout_ms * 1000;

    for (;;) {
        int64_t sleep_ms = POLL_MS + (int64_t)pending(watching) / DEVICES_PER_POLL_MS;
        int r;

        r = look(watching);
        if (r)
            return r;
        if (pending(watching) == 0)
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
                           pending(watching), watching->rollout->count);
    if (r == CLI_INTERRUPTED)
        return output_fail(output, r, hint, "interrupted: %zu of %zu devices have not answered",
                           pending(watching), watching->rollout->count);
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
        .places = json_object(),
        .results = json_array(),
    };
    int r;

    for (size_t i = 0; i < rollout->count; i++) {
        (void)json_object_set_new(watching.places, rollout->devices[i],
                                  json_integer((json_int_t)i));
        (void)json_array_append_new(
            watching.results,
            json_pack("{s:s, s:s}", "device", rollout->devices[i], "state", "pending"));
    }
    *ret_devices = watching.results;
    r = interrupt_open(&interrupt);
    if (!r)
        r = report(&watching, watch(&watching, &interrupt));
    json_decref(watching.places);
    return r;
}
