/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the format */

static void take_field(struct events_parser *parser, const char *name, const char *value)
{
    if (strcmp(name, "event") == 0) {
        (void)snprintf(parser->event, sizeof(parser->event), "%s", value);
    } else if (strcmp(name, "id") == 0) {
        (void)snprintf(parser->id, sizeof(parser->id), "%s", value);
    } else if (strcmp(name, "retry") == 0) {
        if (*value && strspn(value, "0123456789") == strlen(value))
            parser->retry_ms = strtoll(value, NULL, 10);
    } else if (strcmp(name, "data") == 0) {
        int length =
            snprintf(parser->data + parser->data_size, sizeof(parser->data) - parser->data_size,
                     "%s%s", parser->has_data ? "\n" : "", value);

        parser->has_data = true;
        parser->data_size += (size_t)length;
        if (parser->data_size >= sizeof(parser->data))
            parser->data_size = sizeof(parser->data) - 1;
    }
}

static void end_event(struct events_parser *parser,
                      void (*on_event)(void *state, const char *event, const char *data),
                      void *state)
{
    if (parser->has_data)
        on_event(state, parser->event[0] ? parser->event : "message", parser->data);
    parser->event[0] = '\0';
    parser->data[0] = '\0';
    parser->data_size = 0;
    parser->has_data = false;
}

static void end_line(struct events_parser *parser,
                     void (*on_event)(void *state, const char *event, const char *data),
                     void *state)
{
    char *line = parser->line;
    char *colon;
    char *value;

    line[parser->line_size] = '\0';
    if (parser->line_too_long) {
        parser->line_too_long = false;
    } else if (!parser->line_size) {
        end_event(parser, on_event, state);
    } else {
        colon = strchr(line, ':');
        value = colon ? colon + 1 : line + parser->line_size;
        if (colon)
            *colon = '\0';
        if (*value == ' ')
            value++;
        if (*line) /* else a comment: a heartbeat */
            take_field(parser, line, value);
    }
    parser->line_size = 0;
}

void events_parse(struct events_parser *parser, const char *bytes, size_t size,
                  void (*on_event)(void *state, const char *event, const char *data), void *state)
{
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        bool second_half = c == '\n' && parser->after_cr;

        parser->after_cr = c == '\r';
        if (second_half)
            continue;
        if (c == '\n' || c == '\r')
            end_line(parser, on_event, state);
        else if (parser->line_size < sizeof(parser->line) - 1)
            parser->line[parser->line_size++] = c;
        else
            parser->line_too_long = true;
    }
}

/* ---- the stream */

static void on_event(void *state, const char *event, const char *data)
{
    struct events *events = state;

    (void)data; /* what changed is always asked for */
    if (strcmp(event, "goodbye") == 0)
        events->goodbye = true;
    else if (strcmp(event, "state") == 0)
        events->callbacks.changed(events->callbacks.state);
}

static int on_headers(void *state, const struct http_response *response)
{
    struct events *events = state;

    if (response->status == 200) {
        events->open = true;
        events->callbacks.opened(events->callbacks.state);
    }
    return 0;
}

static int on_body(void *state, const void *bytes, size_t size)
{
    struct events *events = state;

    events_parse(&events->parser, bytes, size, on_event, events);
    return events->goodbye ? -1 : 0;
}

static void on_done(void *state, int outcome, struct http_response *response)
{
    struct events *events = state;

    (void)outcome;
    events->transfer = NULL;
    events->callbacks.ended(events->callbacks.state, events->open, response->status,
                            events->goodbye);
}

int events_start(struct events *events, struct loop *loop, const char *url, const char *token,
                 const char *last_event_id, int64_t silence_s,
                 const struct events_callbacks *callbacks)
{
    struct http_header headers[] = {
        {"Accept",        "text/event-stream"},
        {"Last-Event-ID", last_event_id      }
    };
    struct http_request request = {.url = url, .token = token, .headers = headers};

    *events = (struct events){.loop = loop, .callbacks = *callbacks};
    request.header_count = *last_event_id ? 2 : 1;
    request.silence_s = silence_s;
    request.on_headers = on_headers;
    request.on_body = on_body;
    request.state = events;
    return http_start(loop->http, &request, on_done, &events->transfer);
}

void events_stop(struct events *events)
{
    if (!events->transfer)
        return;
    http_cancel(events->loop->http, events->transfer);
    events->transfer = NULL;
}
