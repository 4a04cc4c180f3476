/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reporter.h"

#include "agent/detections.h"
#include "agent/slot.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "tuf/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

static void send_next(void *state);

void reporter_init(struct reporter *reporter, struct loop *loop, const struct store *store,
                   struct identity *identity, const char *url, const struct retry *retry)
{
    *reporter = (struct reporter){
        .loop = loop, .store = store, .identity = identity, .url = url, .retry = *retry};
    reporter->spool.store = store;
    reporter->timer = (struct loop_timer){.fire = send_next, .state = reporter};
}

int reporter_sequence(struct reporter *reporter, int64_t *ret_sequence)
{
    int64_t last;
    int64_t sequence;
    int r = spool_last(&reporter->spool, &last);

    if (r)
        return r;
    if (last < reporter->last_sequence)
        last = reporter->last_sequence;
    r = identity_sequence(reporter->store, last, clock_wall_ms(reporter->loop->clock), &sequence);
    if (r == ERR_NO_SPACE) { /* better a number that only memory keeps than no word at all */
        sequence = (last ? last : clock_wall_ms(reporter->loop->clock)) + 1;
        r = 0;
    }
    if (r)
        return r;
    reporter->last_sequence = sequence;
    *ret_sequence = sequence;
    return 0;
}

/* ---- making */

/* What a command or a server said may be anything: what is not UTF-8 becomes '?'. */
static void make_printable(char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = utf8_sequence((const unsigned char *)text, left);

        if (!length) {
            *text = '?';
            length = 1;
        }
        text += length;
        left -= length;
    }
}

/* What all slots serve, as it is on the disk. */
struct serving {
    const struct store *store;
    struct arena *arena;
    struct report_serving slots[REPORT_SLOTS_MAX];
    size_t count;
};

static int add_serving(void *state, const char *slot)
{
    struct serving *serving = state;
    struct slot_version version;
    char id[SLOT_ID_SIZE];
    struct report_serving *entry = &serving->slots[serving->count];
    int r;

    if (serving->count == REPORT_SLOTS_MAX)
        return 0;
    r = slot_resolve(serving->store, slot, SLOT_LINK_CURRENT, id);
    if (!r)
        r = slot_load_version(serving->store, slot, id, serving->arena, &version);
    if (r)
        return r < 0 ? r : 0;
    if (!text_unhex(version.manifest_sha256, entry->manifest_sha256, DIGEST_SHA256_SIZE))
        return 0;
    entry->slot = arena_strdup(serving->arena, slot);
    entry->model = version.model;
    entry->version = version.version;
    entry->variant = version.variant;
    serving->count++;
    return 0;
}

static int build(struct reporter *reporter, int64_t sequence, int64_t state_version,
                 const struct report_slot *slot, struct buffer *envelope)
{
    CLEANUP(cleanup_json) json_t *signed_part = NULL;
    CLEANUP(arena_release) struct arena arena = {0};
    struct serving serving = {.store = reporter->store, .arena = &arena};
    struct detection detected[REPORT_DETECTIONS_MAX];
    char detail[REPORT_DETAIL_MAX];
    struct report_slot copy = slot ? *slot : (struct report_slot){0};
    struct report_error error;
    struct signer signer = key_signer(&reporter->identity->pair);
    struct report report = {.device_id = reporter->identity->device_id,
                            .sequence = sequence,
                            .time_ms = clock_wall_ms(reporter->loop->clock),
                            .state_version = state_version,
                            .slots = &copy,
                            .slot_count = slot ? 1 : 0,
                            .serving = serving.slots,
                            .detected = detected};
    int r = slot_each(reporter->store, add_serving, &serving);

    if (r)
        return r;
    report.serving_count = serving.count;
    if (reporter->detections)
        report.detected_count = detections_list(reporter->detections, detected);
    secret_random(report.nonce, sizeof(report.nonce));
    if (slot && slot->error) {
        (void)snprintf(detail, sizeof(detail), "%s",
                       slot->error->detail ? slot->error->detail : "");
        make_printable(detail);
        error = (struct report_error){slot->error->code, detail};
        copy.error = &error;
    }
    signed_part = report_encode(&report);
    if (!signed_part)
        return log_fail(ERR_NO_MEMORY, "cannot write a report: out of memory");
    return envelope_build(signed_part, &signer, 1, envelope);
}

/* The disk took none of it: what matters most then is that somebody hears of it. */
static int hold(struct reporter *reporter, int64_t sequence, const struct buffer *envelope)
{
    char *bytes = strndup(envelope->bytes, envelope->size);

    if (!bytes)
        return log_fail(ERR_NO_MEMORY, "cannot keep a report: out of memory");
    if (reporter->held_count == REPORTER_HELD_MAX) {
        free(reporter->held[0].bytes);
        memmove(&reporter->held[0], &reporter->held[1],
                (REPORTER_HELD_MAX - 1) * sizeof(reporter->held[0]));
        reporter->held_count--;
    }
    reporter->held[reporter->held_count].bytes = bytes;
    reporter->held[reporter->held_count].sequence = sequence;
    reporter->held_count++;
    return 0;
}

int reporter_put(struct reporter *reporter, int64_t sequence, int64_t state_version,
                 const struct report_slot *slot)
{
    CLEANUP(buffer_release) struct buffer envelope = BUFFER(REPORT_SIZE_MAX);
    int r = build(reporter, sequence, state_version, slot, &envelope);

    if (!r)
        r = spool_put(&reporter->spool, sequence, envelope.bytes, envelope.size);
    if (r == ERR_NO_SPACE)
        r = hold(reporter, sequence, &envelope);
    if (!r && reporter->detections)
        detections_told(reporter->detections);
    return r;
}

/* ---- delivering */

static void let_go(struct reporter *reporter)
{
    if (!reporter->sending_held) {
        if (spool_drop(&reporter->spool, reporter->sending_sequence))
            log_line(LOG_WARN, "a report that was delivered stays in the spool");
        return;
    }
    for (size_t i = 0; i < reporter->held_count; i++) {
        if (reporter->held[i].sequence != reporter->sending_sequence)
            continue;
        free(reporter->held[i].bytes);
        reporter->held_count--;
        memmove(&reporter->held[i], &reporter->held[i + 1],
                (reporter->held_count - i) * sizeof(reporter->held[0]));
        return;
    }
}

static void become_idle(struct reporter *reporter)
{
    if (reporter->idle)
        reporter->idle(reporter->state);
}

static bool is_settled(struct http_response *response)
{
    char problem[64];

    if (response->status == 200)
        return true;
    http_response_problem(response, problem, sizeof(problem));
    return response->status == 409 && strcmp(problem, "report-replayed") == 0;
}

/* The server understood it and will never take it: 4xx but for what says "not now, not you". */
static bool is_hopeless(int status)
{
    return status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
           status != 408 && status != 425 && status != 429;
}

static void on_done(void *state, int outcome, struct http_response *response)
{
    struct reporter *reporter = state;
    char text[HTTP_ERROR_SIZE + 200];
    int64_t wait_ms;

    reporter->transfer = NULL;
    free(reporter->sending);
    reporter->sending = NULL;
    http_response_explain(response, text, sizeof(text));
    if (!outcome && (is_settled(response) || is_hopeless(response->status))) {
        if (!is_settled(response))
            log_line(LOG_ERROR, "the server refuses report %" PRId64 ": %s",
                     reporter->sending_sequence, text);
        let_go(reporter);
        retry_succeeded(&reporter->retry);
        reporter->online = true;
        send_next(reporter);
        return;
    }
    wait_ms = retry_failed(&reporter->retry,
                           retry_parse_after(http_response_header(response, "Retry-After"),
                                             clock_wall_ms(reporter->loop->clock)));
    log_line(LOG_INFO, "reports wait, trying again in %" PRId64 " ms: %s", wait_ms, text);
    reporter->online = false;
    loop_arm(reporter->loop, &reporter->timer, wait_ms);
    if (response->status == 401 && reporter->unauthorized)
        reporter->unauthorized(reporter->state);
    become_idle(reporter);
}

static int take_next(struct reporter *reporter)
{
    reporter->sending_held = reporter->held_count > 0;
    if (!reporter->sending_held)
        return spool_first(&reporter->spool, &reporter->sending_sequence, &reporter->sending, NULL);
    reporter->sending_sequence = reporter->held[0].sequence;
    reporter->sending = strdup(reporter->held[0].bytes);
    return reporter->sending ? 0 : ERR_NO_MEMORY;
}

static void send_next(void *state)
{
    struct reporter *reporter = state;
    struct http_request request = {.method = "POST", .token = reporter->identity->token};
    char url[IDENTITY_URL_SIZE + 64];

    if (reporter->transfer)
        return;
    loop_disarm(reporter->loop, &reporter->timer);
    if (take_next(reporter)) {
        become_idle(reporter);
        return;
    }
    (void)snprintf(url, sizeof(url), "%s/device/v1/reports", reporter->url);
    request.url = url;
    request.body = reporter->sending;
    request.body_size = strlen(reporter->sending);
    request.state = reporter;
    if (http_start(reporter->loop->http, &request, on_done, &reporter->transfer) == 0)
        return;
    free(reporter->sending);
    reporter->sending = NULL;
    become_idle(reporter);
}

void reporter_deliver(struct reporter *reporter, bool now)
{
    if (now || !reporter->timer.armed)
        send_next(reporter);
}

size_t reporter_waiting(const struct reporter *reporter)
{
    size_t count = 0;

    if (spool_count(&reporter->spool, &count))
        count = 0;
    return count + reporter->held_count;
}

bool reporter_busy(const struct reporter *reporter)
{
    return reporter->transfer != NULL;
}

void reporter_release(struct reporter *reporter)
{
    if (!reporter->loop)
        return;
    http_cancel(reporter->loop->http, reporter->transfer);
    loop_disarm(reporter->loop, &reporter->timer);
    free(reporter->sending);
    while (reporter->held_count)
        free(reporter->held[--reporter->held_count].bytes);
    *reporter = (struct reporter){0};
}
