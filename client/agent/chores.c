/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/chores.h"

#include "agent/config.h"
#include "agent/identity.h"
#include "agent/loop.h"
#include "agent/store.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/device.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

static void become_idle(struct chores *chores)
{
    if (chores->idle)
        chores->idle(chores->state);
}

static void explain(struct http_response *response, const char *what)
{
    char text[HTTP_ERROR_SIZE + 200];

    http_response_explain(response, text, sizeof(text));
    log_line(LOG_WARN, "%s: %s", what, text);
}

/* ---- facts */

static void on_facts(void *state, int outcome, struct http_response *response)
{
    struct chores *chores = state;
    CLEANUP(cleanup_json) json_t *facts = json_loads(chores->facts, 0, NULL);

    chores->transfer = NULL;
    free(chores->facts);
    chores->facts = NULL;
    if (outcome || response->status != 204) {
        explain(response, "cannot tell the server what this device is");
        chores->facts_refused = !outcome && response->status >= 400 && response->status < 500;
        become_idle(chores);
        return;
    }
    if (store_save(chores->parts->store, CHORES_FACTS_FILE, facts, 0600))
        log_line(LOG_WARN, "what the server knows of this device is told again later");
    chores_do(chores);
}

static bool facts_are_due(struct chores *chores)
{
    CLEANUP(cleanup_json) json_t *known = NULL;
    CLEANUP(cleanup_json) json_t *facts = device_facts_encode(&chores->parts->config->facts);

    if (!facts || chores->facts_refused)
        return false;
    if (store_load(chores->parts->store, CHORES_FACTS_FILE, &known) < 0 || json_equal(known, facts))
        return false;
    chores->facts = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
    return chores->facts != NULL;
}

static int send_facts(struct chores *chores)
{
    struct http_request request = {.method = "PUT", .token = chores->parts->identity->token};
    char url[IDENTITY_URL_SIZE + 64];

    (void)snprintf(url, sizeof(url), "%s/device/v1/attributes", chores->parts->url);
    request.url = url;
    request.body = chores->facts;
    request.body_size = strlen(chores->facts);
    request.state = chores;
    return http_start(chores->parts->loop->http, &request, on_facts, &chores->transfer);
}

/* ---- the token */

static void on_token(void *state, int outcome, struct http_response *response)
{
    struct chores *chores = state;
    CLEANUP(cleanup_json) json_t *answer = NULL;
    const struct parts *parts = chores->parts;
    const char *token;

    chores->transfer = NULL;
    if (outcome || response->status != 200) {
        explain(response, "cannot exchange the token");
        become_idle(chores);
        return;
    }
    answer =
        json_loadb(response->body.bytes ? response->body.bytes : "", response->body.size, 0, NULL);
    token = json_string_value(json_object_get(answer, "token"));
    if (!token ||
        identity_rotate(parts->store, parts->identity, token, clock_wall_ms(parts->loop->clock)))
        log_line(LOG_WARN, "the new token could not be kept, the old one stays in use");
    else
        log_line(LOG_INFO, "the token was exchanged for a new one");
    become_idle(chores);
}

/* A clock that was wrong at enrolment makes the token seem to be from the future: old enough. */
static bool token_is_due(const struct chores *chores)
{
    int64_t age_ms =
        clock_wall_ms(chores->parts->loop->clock) - chores->parts->identity->token_issued_ms;
    int64_t limit_ms = chores->parts->config->token_rotation_ms;

    return limit_ms && (age_ms > limit_ms || age_ms < -DAY_MS);
}

static int exchange_token(struct chores *chores)
{
    struct http_request request = {.method = "POST", .token = chores->parts->identity->token};
    char url[IDENTITY_URL_SIZE + 64];

    (void)snprintf(url, sizeof(url), "%s/device/v1/token", chores->parts->url);
    request.url = url;
    request.state = chores;
    return http_start(chores->parts->loop->http, &request, on_token, &chores->transfer);
}

void chores_do(struct chores *chores)
{
    int r = 0;

    if (chores->transfer)
        return;
    if (facts_are_due(chores))
        r = send_facts(chores);
    else if (token_is_due(chores))
        r = exchange_token(chores);
    if (r) {
        free(chores->facts);
        chores->facts = NULL;
    }
    if (!chores->transfer)
        become_idle(chores);
}

void chores_release(struct chores *chores)
{
    if (!chores->parts)
        return;
    http_cancel(chores->parts->loop->http, chores->transfer);
    free(chores->facts);
    *chores = (struct chores){0};
}
