/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_response.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

void http_response_release(struct http_response *response)
{
    if (!response)
        return;
    buffer_release(&response->headers);
    buffer_release(&response->body);
    *response = (struct http_response){0};
}

/* Cuts the line's value out of the buffer: NUL in place of its end, so each is read in place. */
static const char *header_value(char *line, size_t name_length)
{
    char *value = line + name_length + 1;
    char *end;

    while (*value == ' ' || *value == '\t')
        value++;
    end = value + strcspn(value, "\r\n");
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return value;
}

const char *http_response_header(struct http_response *response, const char *name)
{
    char *cursor = response->headers.bytes;
    char *end = cursor ? cursor + response->headers.size : NULL;
    size_t name_length = strlen(name);

    while (cursor && cursor < end) {
        size_t length = strcspn(cursor, "\n"); /* or the NUL that an earlier call left */

        if (length > name_length && strncasecmp(cursor, name, name_length) == 0 &&
            cursor[name_length] == ':')
            return header_value(cursor, name_length);
        cursor += length + 1;
    }
    return NULL;
}

int64_t http_response_number(struct http_response *response, const char *name, int64_t fallback)
{
    const char *text = http_response_header(response, name);
    char *end;
    long long number;

    if (!text || !isdigit((unsigned char)*text))
        return fallback;
    errno = 0;
    number = strtoll(text, &end, 10);
    return errno || *end ? fallback : number;
}

static json_t *problem_document(const struct http_response *response)
{
    json_t *document;

    if (!response->body.size)
        return NULL;
    document = json_loadb(response->body.bytes, response->body.size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(document))
        return document;
    json_decref(document);
    return NULL;
}

void http_response_explain(const struct http_response *response, char *ret_text, size_t size)
{
    CLEANUP(cleanup_json) json_t *problem = NULL;
    const char *detail;
    const char *request_id;

    ret_text[0] = '\0';
    if (response->error[0]) {
        (void)snprintf(ret_text, size, "%s", response->error);
        return;
    }
    if (response->status >= 200 && response->status < 300)
        return;
    problem = problem_document(response);
    detail = json_string_value(json_object_get(problem, "detail"));
    if (!detail)
        detail = json_string_value(json_object_get(problem, "title"));
    request_id = json_string_value(json_object_get(problem, "request_id"));
    if (!detail)
        (void)snprintf(ret_text, size, "the server answered %d", response->status);
    else if (!request_id)
        (void)snprintf(ret_text, size, "%s (%d)", detail, response->status);
    else
        (void)snprintf(ret_text, size, "%s (%d, request %s)", detail, response->status, request_id);
}

void http_response_problem(const struct http_response *response, char *ret_type, size_t size)
{
    CLEANUP(cleanup_json) json_t *problem = problem_document(response);
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *last = type ? type + strlen(type) : "";

    while (type && last > type && !strchr("/:#", last[-1]))
        last--;
    (void)snprintf(ret_type, size, "%s", last);
}
