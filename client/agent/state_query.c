/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state_query.h"

#include "agent/detections.h"
#include "agent/failure.h"
#include "agent/identity.h"
#include "agent/loop.h"
#include "agent/store.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/retry.h"
#include "tuf/canon.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATE_FILE "metadata/state.json"
#define SUBJECT "state" /* what a detection calls it */

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

void state_query_init(struct state_query *query, const struct parts *parts,
                      void (*answered)(void *owner, const struct state_query_answer *answer),
                      void *owner)
{
    *query = (struct state_query){.parts = parts, .answered = answered, .owner = owner};
}

/* ---- the state */

static int take_state(struct state_query *query, const char *bytes, size_t size, json_t **ret_json,
                      struct fields_error *ret_error)
{
    CLEANUP(cleanup_json) json_t *json = NULL;
    CLEANUP(arena_release) struct arena arena = {0};
    struct state state;

    if (canon_parse(bytes, size, STATE_SIZE_MAX, &json, ret_error) ||
        state_decode(json, &arena, &state, ret_error))
        return ERR_UNAVAILABLE;
    if (query->has_state && state.version < query->state.version)
        log_line(LOG_WARN,
                 "the server's desired state went back from %" PRId64 " to %" PRId64
                 ": was it restored from a backup?",
                 query->state.version, state.version);
    arena_release(&query->arena);
    query->arena = arena;
    arena = (struct arena){0};
    query->state = state;
    query->has_state = true;
    *ret_json = TAKE_PTR(json);
    return 0;
}

int state_query_load(struct state_query *query)
{
    CLEANUP(cleanup_json) json_t *kept = NULL;
    CLEANUP(cleanup_json) json_t *json = NULL;
    AUTO_FREE char *text = NULL;
    struct fields_error error = {0};
    int r = store_load(query->parts->store, STATE_FILE, &kept);

    if (r)
        return r < 0 ? r : 0;
    text = json_dumps(kept, JSON_COMPACT);
    if (text && take_state(query, text, strlen(text), &json, &error))
        log_line(LOG_WARN, "ignoring '%s': it is not what the agent wrote", STATE_FILE);
    return 0;
}

/* ---- answers */

static void detect(const struct state_query *query, enum detection_check check, const char *detail)
{
    detections_replace(query->parts->detections, check, NULL, SUBJECT, detail);
}

static enum state_query_outcome on_changed(struct state_query *query,
                                           const struct http_response *response)
{
    CLEANUP(cleanup_json) json_t *json = NULL;
    struct fields_error error = {0};

    if (take_state(query, response->body.bytes ? response->body.bytes : "", response->body.size,
                   &json, &error)) {
        log_line(LOG_ERROR, "the desired state is malformed: %s", error.text);
        detect(query, DETECTION_MALFORMED, error.text);
        return STATE_QUERY_FAILED;
    }
    log_line(LOG_INFO, "the desired state is version %" PRId64, query->state.version);
    if (store_save(query->parts->store, STATE_FILE, json, 0600))
        log_line(LOG_WARN, "the desired state could not be kept; it is asked for again");
    return STATE_QUERY_CHANGED;
}

static enum state_query_outcome on_failed(struct state_query *query, int outcome,
                                          const struct http_response *response)
{
    char text[HTTP_ERROR_SIZE + 200];

    http_response_explain(response, text, sizeof(text));
    log_line(LOG_WARN, "cannot get the desired state: %s%s", text,
             response->status == 401 ? "; was this device revoked? Enrol it again" : "");
    detect(query, failure_check(outcome, response->status), text);
    return STATE_QUERY_FAILED;
}

static enum state_query_outcome judge(struct state_query *query, int outcome,
                                      const struct http_response *response)
{
    enum state_query_outcome judged = STATE_QUERY_SAME;

    if (outcome || (response->status != 200 && response->status != 304))
        return on_failed(query, outcome, response);
    if (response->status == 200)
        judged = on_changed(query, response);
    if (judged != STATE_QUERY_FAILED)
        detections_resolve(query->parts->detections, NULL, SUBJECT);
    return judged;
}

/* A token that somebody forged when the last one was exchanged must not lock us out. */
static bool try_other_token(struct state_query *query, int status)
{
    const struct parts *parts = query->parts;

    if (status != 401 || query->swapped || identity_swap(parts->store, parts->identity))
        return false;
    log_line(LOG_WARN, "the token is refused: trying the one before");
    query->swapped = true;
    return state_query_ask(query, 0) == 0;
}

static void on_answer(void *state, int outcome, struct http_response *response)
{
    struct state_query *query = state;
    const struct loop *loop = query->parts->loop;
    struct state_query_answer answer = {
        .status = outcome ? 0 : response->status,
        .waited_ms = (clock_monotonic_us(loop->clock) - query->asked_us) / 1000,
        .retry_after_ms = retry_parse_after(http_response_header(response, "Retry-After"),
                                            clock_wall_ms(loop->clock)),
    };
    bool again = query->again;

    query->transfer = NULL;
    if (try_other_token(query, answer.status))
        return;
    query->swapped = false;
    query->again = false;
    answer.outcome = judge(query, outcome, response);
    query->answered(query->owner, &answer);
    if (again && !query->transfer && state_query_ask(query, 0))
        log_line(LOG_WARN, "the desired state is asked for later");
}

int state_query_ask(struct state_query *query, int64_t wait_s)
{
    const struct parts *parts = query->parts;
    struct http_header header = {"If-None-Match", NULL};
    struct http_request request = {
        .token = parts->identity->token, .response_bytes_max = STATE_SIZE_MAX, .state = query};
    char url[IDENTITY_URL_SIZE + 64];
    char etag[32];

    if (query->transfer) {
        query->again = true;
        return 0;
    }
    (void)snprintf(url, sizeof(url), "%s/device/v1/state", parts->url);
    if (wait_s > 0) {
        (void)snprintf(url, sizeof(url), "%s/device/v1/state?wait=%" PRId64, parts->url, wait_s);
        request.silence_s = wait_s + 30;
    }
    if (query->has_state) {
        (void)snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", query->state.version);
        header.value = etag;
        request.headers = &header;
        request.header_count = 1;
    }
    request.url = url;
    query->asked_us = clock_monotonic_us(parts->loop->clock);
    return http_start(parts->loop->http, &request, on_answer, &query->transfer);
}

bool state_query_is_asking(const struct state_query *query)
{
    return query->transfer != NULL;
}

void state_query_release(struct state_query *query)
{
    if (!query->parts)
        return;
    http_cancel(query->parts->loop->http, query->transfer);
    arena_release(&query->arena);
    *query = (struct state_query){0};
}
